# cmake -P: an nvcc is asked only for architectures that it knows, and there is always PTX for what comes later.
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/cuda_architectures.cmake)

function(expect version architectures)
  phosphene_known_architectures(${version} known)
  if(NOT "${known}" STREQUAL "${architectures}")
    message(SEND_ERROR "nvcc ${version}: ${known}; expected ${architectures}")
  endif()
endfunction()

expect(13.0.88 "75-real;80;86-real;89-real;90-real;100-real;120")
expect(12.8.61 "75-real;80;86-real;89-real;90-real;100-real;120")
expect(12.6.20 "75-real;80;86-real;89-real;90")
expect(11.8.89 "75-real;80;86-real;89-real;90")
