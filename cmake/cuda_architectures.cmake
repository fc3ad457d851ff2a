# GPU architectures of a release, as an nvcc of some version knows them.

# 75: Turing (T4, RTX 20), the oldest that CUDA 13 knows. 80: A100. 86: RTX 30, A10. 89: RTX 40, L4. 90: H100, H200. 100: B200. 120: RTX 50.
# PTX, which a driver compiles for what is not among them: of 80 for the others since (Orin, Thor), of 120 for whatever comes after.
set(PHOSPHENE_CUDA_DIST_ARCHITECTURES 75-real 80 86-real 89-real 90-real 100-real 120)

# Of them, those that `version` of nvcc knows; the newest of these with PTX.
function(phosphene_known_architectures version result)
  if(version VERSION_LESS 11.8)
    message(FATAL_ERROR "CUDA ${version} does not know compute capability 9.0; expected nvcc 11.8 or later, or a list in PHOSPHENE_CUDA_ARCHITECTURES")
  endif()
  set(known ${PHOSPHENE_CUDA_DIST_ARCHITECTURES})
  if(version VERSION_LESS 12.8)
    list(REMOVE_ITEM known 100-real 120)
    list(TRANSFORM known REPLACE "^90-real$" "90")
  endif()
  set(${result} ${known} PARENT_SCOPE)
endfunction()
