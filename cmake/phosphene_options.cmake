# One interface target carries every flag but the level of optimisation, so that no room compiles differently from another.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Paths below the checkout are hashed relative to it: two clones share what ccache keeps.
find_program(CCACHE ccache)
mark_as_advanced(CCACHE)
if(CCACHE)
  set(ccache "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${ccache})
endif()
find_program(LLD ld.lld)
mark_as_advanced(LLD)

add_library(phosphene_options INTERFACE)
target_include_directories(phosphene_options INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
target_compile_options(phosphene_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-psabi
  # No global fast-math; contraction is fixed so that a formula rounds alike in every file (docs/numerics.md).
  -fno-math-errno -fno-trapping-math -ffp-contract=fast
  -march=${PHOSPHENE_ARCH})
if(LLD)
  # The simulated CUDA libraries name their versions as lld cannot.
  target_link_options(phosphene_options INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-fuse-ld=lld>)
endif()
if(PHOSPHENE_WARNINGS_AS_ERRORS)
  target_compile_options(phosphene_options INTERFACE -Werror)
endif()
if(PHOSPHENE_SANITIZE)
  target_compile_options(phosphene_options INTERFACE -fsanitize=${PHOSPHENE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # GCC's manual: sanitized code sets off false ones (in the library's <regex>).
  target_compile_options(phosphene_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(phosphene_options INTERFACE -fsanitize=${PHOSPHENE_SANITIZE})
endif()

if(PHOSPHENE_FUZZ)
  target_compile_options(phosphene_options INTERFACE -fsanitize=fuzzer-no-link)
  target_compile_definitions(phosphene_options INTERFACE PHOSPHENE_FUZZ_BUILD)  # loaders/apart.h
endif()

# phosphene_sources(TARGET SOURCES files... O3 files...): adds both to TARGET. SOURCES is code whose time nobody waits for and whose
# arithmetic rounds alike at any level: -O1, and several files are compiled as one where PHOSPHENE_UNITY says so. O3 is for loops that
# cost a user or a test time, and for multiplications that feed additions: GCC fuses those from -O2 on, which rounds differently. Each
# such file is compiled alone, so that its bits do not depend on its neighbours. In debug builds both have the level of the build.
function(phosphene_sources target)
  cmake_parse_arguments(ADDED "" "" "SOURCES;O3" ${ARGN})
  target_sources(${target} PRIVATE ${ADDED_SOURCES} ${ADDED_O3})
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-O1>)
  set_target_properties(${target} PROPERTIES UNITY_BUILD "${PHOSPHENE_UNITY}" UNITY_BUILD_BATCH_SIZE 8)
  if(ADDED_O3)
    set_property(SOURCE ${ADDED_O3} PROPERTY COMPILE_OPTIONS $<$<CONFIG:Release,RelWithDebInfo>:-O3>)
    set_property(SOURCE ${ADDED_O3} PROPERTY SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# phosphene_room(NAME DEPENDS rooms... LIBRARIES external... SOURCES files... O3 files...): a static library that sees only what
# stands below it; the lists of files are those of phosphene_sources. Its headers are reached from the top of the tree;
# tests/rooms_test.cmake refuses an include of a room not named here.
function(phosphene_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES;SOURCES;O3" ${ARGN})
  add_library(phosphene_${name} STATIC)
  phosphene_sources(phosphene_${name} SOURCES ${ROOM_SOURCES} O3 ${ROOM_O3})
  target_link_libraries(phosphene_${name} PUBLIC phosphene_options ${ROOM_DEPENDS} PRIVATE ${ROOM_LIBRARIES})
  add_library(phosphene::${name} ALIAS phosphene_${name})
endfunction()
