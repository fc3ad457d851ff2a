# One interface target carries every flag, so that no room compiles differently from another.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

add_library(phosphene_options INTERFACE)
target_include_directories(phosphene_options INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
target_compile_options(phosphene_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-psabi
  # No global fast-math; contraction is fixed so that a formula rounds alike in every file (docs/numerics.md).
  -fno-math-errno -fno-trapping-math -ffp-contract=fast
  -march=${PHOSPHENE_ARCH})
if(CMAKE_BUILD_TYPE MATCHES "Rel")
  target_compile_options(phosphene_options INTERFACE -O3)
endif()
if(PHOSPHENE_WARNINGS_AS_ERRORS)
  target_compile_options(phosphene_options INTERFACE -Werror)
endif()
if(PHOSPHENE_SANITIZE)
  target_compile_options(phosphene_options INTERFACE -fsanitize=${PHOSPHENE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(phosphene_options INTERFACE -fsanitize=${PHOSPHENE_SANITIZE})
endif()

# phosphene_room(NAME DEPENDS rooms... LIBRARIES external... SOURCES files...): a static library that sees only what stands below
# it. Its headers are reached from the top of the tree; tests/rooms_test.cmake refuses an include of a room not named here.
function(phosphene_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES;SOURCES" ${ARGN})
  add_library(phosphene_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(phosphene_${name} PUBLIC phosphene_options ${ROOM_DEPENDS} PRIVATE ${ROOM_LIBRARIES})
  add_library(phosphene::${name} ALIAS phosphene_${name})
endfunction()
