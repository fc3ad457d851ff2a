# Refuses an include that goes up from one room to another, and the names that belong to one folder only.
# cmake -D TOP=<source tree> -P rooms_test.cmake
set(rooms kernels runtime layers loaders experiment cli)  # each may include itself and what stands before it
set(faults "")
set(checked 0)

# expect_none(PATTERN REASON FILES...): one fault per line of a file that matches the pattern.
function(expect_none pattern reason)
  foreach(file IN LISTS ARGN)
    file(STRINGS "${TOP}/${file}" lines REGEX "${pattern}")
    if(lines)
      set(faults "${faults}\n  ${file}: ${reason}: ${lines}" PARENT_SCOPE)
      set(faults "${faults}\n  ${file}: ${reason}: ${lines}")
    endif()
  endforeach()
endfunction()

set(above ${rooms})
set(every "")
foreach(room IN LISTS rooms)
  list(REMOVE_ITEM above ${room})
  file(GLOB_RECURSE files RELATIVE "${TOP}" "${TOP}/${room}/*.h" "${TOP}/${room}/*.cpp" "${TOP}/${room}/*.cu" "${TOP}/${room}/*.cuh")
  list(LENGTH files count)
  math(EXPR checked "${checked} + ${count}")
  list(APPEND every ${files})
  if(above)
    string(REPLACE ";" "|" upward "${above}")
    expect_none("^ *# *include *\"(${upward})/" "${room} includes upward" ${files})
  endif()
  expect_none("^ *# *include *\"(tests|bench|cases)/" "${room} includes its tests" ${files})
  expect_none("^ *# *include *\"\\.\\./" "include from the top of the tree" ${files})
endforeach()

set(outside_cpu ${every})
list(FILTER outside_cpu EXCLUDE REGEX "^runtime/cpu/")
expect_none("# *include *[<\"](dnnl|omp)|# *pragma +omp" "only runtime/cpu names oneDNN and OpenMP" ${outside_cpu})

set(outside_cuda ${every})
list(FILTER outside_cuda EXCLUDE REGEX "^(runtime/cuda/|kernels/launch_cuda\\.cuh$)")
expect_none("# *include *[<\"](cuda|cudnn|cufft|cublas)" "only runtime/cuda names CUDA's libraries" ${outside_cuda})

set(outside_launch ${every})
list(REMOVE_ITEM outside_launch kernels/launch_cuda.cuh)
expect_none("<<<|threadIdx|blockIdx|__syncthreads|__shfl|atomicAdd" "only kernels/launch_cuda.cuh launches on a GPU" ${outside_launch})
expect_none("cudaLaunchKernel" "only kernels/launch_cuda.cuh launches on a GPU" ${outside_launch})

set(bodies ${every})
list(FILTER bodies INCLUDE REGEX "^kernels/.*\\.h$")
expect_none("^[^/]*std::" "a kernel body knows no std::" ${bodies})

# Who only describes work does not compile kernels.
set(describing ${every})
list(FILTER describing INCLUDE REGEX "^(runtime/problems|layers|loaders|experiment|cli)/.*\\.h$")
expect_none("^ *# *include *\"kernels/(p[^a]|[^p])" "a header knows of kernels/parameters.h only" ${describing})
expect_none("PHOSPHENE_HD|# *include *\"" "no bodies" kernels/parameters.h)

if(checked EQUAL 0)
  message(FATAL_ERROR "no file was checked: is TOP (${TOP}) the source tree?")
endif()
if(faults)
  message(FATAL_ERROR "rooms:${faults}")
endif()
message(STATUS "rooms: ${checked} files keep to their rooms")
