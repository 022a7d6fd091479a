# Imported targets for what third_party/install installed.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(absl REQUIRED CONFIG)
find_package(Protobuf REQUIRED)
find_package(gRPC REQUIRED CONFIG)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json REQUIRED)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
# Its -pthread does nothing here but define _REENTRANT, with which GCC takes no header that
# was compiled without.
set_property(TARGET PkgConfig::RE2 PROPERTY INTERFACE_COMPILE_OPTIONS "")
pkg_check_modules(OPENJPEG REQUIRED IMPORTED_TARGET libopenjp2)
find_package(GTest)
find_package(benchmark)

# DCMTK's own package file names every tool and static library of the build
# machine; we want a few shared ones.
function(camnode_dcmtk_library name)
  find_library(DCMTK_${name}_LIBRARY ${name} REQUIRED)
  add_library(DCMTK::${name} INTERFACE IMPORTED GLOBAL)
  target_link_libraries(DCMTK::${name} INTERFACE ${DCMTK_${name}_LIBRARY} ${ARGN})
endfunction()
find_path(DCMTK_INCLUDE dcmtk/dcmdata/dctk.h REQUIRED)
camnode_dcmtk_library(ofstd Threads::Threads)
camnode_dcmtk_library(oflog DCMTK::ofstd)
camnode_dcmtk_library(dcmdata DCMTK::oflog ZLIB::ZLIB)
camnode_dcmtk_library(dcmimgle DCMTK::dcmdata)
camnode_dcmtk_library(dcmimage DCMTK::dcmimgle)
camnode_dcmtk_library(dcmjpeg DCMTK::dcmimage)
camnode_dcmtk_library(dcmjpls DCMTK::dcmimgle)
camnode_dcmtk_library(dcmnet DCMTK::dcmdata)
camnode_dcmtk_library(dcmtls DCMTK::dcmnet OpenSSL::SSL)

# Only core and imgproc: imgcodecs would drag in 140 libraries.
function(camnode_opencv_library name)
  find_library(OPENCV_${name}_LIBRARY opencv_${name} REQUIRED)
  add_library(OpenCV::${name} INTERFACE IMPORTED GLOBAL)
  find_path(OPENCV_INCLUDE opencv2/core/mat.hpp PATH_SUFFIXES opencv4 REQUIRED)
  target_include_directories(OpenCV::${name} SYSTEM INTERFACE ${OPENCV_INCLUDE})
  target_link_libraries(OpenCV::${name} INTERFACE ${OPENCV_${name}_LIBRARY} ${ARGN})
endfunction()
camnode_opencv_library(core)
camnode_opencv_library(imgproc OpenCV::core)

# LibTorch from the wheel.  Its TorchConfig.cmake demands nvcc; two libraries are
# all we link.  Its include folder carries old protobuf headers, so it goes last.
set(CAMNODE_LIBTORCH "" CACHE PATH "Folder of the unpacked LibTorch 2.11.0; empty: where third_party/install puts it")
if(CAMNODE_LIBTORCH)
  set(libtorch_root ${CAMNODE_LIBTORCH})
elseif(DEFINED ENV{CAMNODE_THIRD_PARTY})
  set(libtorch_root $ENV{CAMNODE_THIRD_PARTY}/libtorch-2.11.0)
elseif(DEFINED ENV{HOME})
  set(libtorch_root $ENV{HOME}/.cache/camnode/libtorch-2.11.0)
else()
  message(FATAL_ERROR "HOME is not set, so nobody knows where third_party/install put LibTorch: "
    "set HOME or CAMNODE_THIRD_PARTY, or give -DCAMNODE_LIBTORCH=FOLDER")
endif()
if(NOT EXISTS ${libtorch_root}/.complete)
  message(FATAL_ERROR "LibTorch 2.11.0 is not in ${libtorch_root}: run third_party/install")
endif()
add_library(LibTorch::torch INTERFACE IMPORTED GLOBAL)
target_compile_options(LibTorch::torch INTERFACE
  "SHELL:-idirafter \"${libtorch_root}/include\""
  "SHELL:-idirafter \"${libtorch_root}/include/torch/csrc/api/include\"")
target_link_libraries(LibTorch::torch INTERFACE
  ${libtorch_root}/lib/libtorch_cpu.so ${libtorch_root}/lib/libc10.so
  ${libtorch_root}/lib/libgomp.so.1)
target_link_options(LibTorch::torch INTERFACE
  -Wl,-rpath,${libtorch_root}/lib -Wl,-rpath-link,${libtorch_root}/lib -Wl,--disable-new-dtags)

# oneDNN from its wheel, beside LibTorch: what the fast path of core/inference/engine
# calls.  LibTorch's own copy is hidden inside libtorch_cpu.so.  Both use LibTorch's
# libgomp, which has the same name as the system's and is loaded once.
get_filename_component(onednn_parent ${libtorch_root} DIRECTORY)
set(onednn_root ${onednn_parent}/onednn-3.2.0)
if(NOT EXISTS ${onednn_root}/.complete)
  message(FATAL_ERROR "oneDNN 3.2.0 is not in ${onednn_root}: run third_party/install")
endif()
add_library(OneDnn::dnnl INTERFACE IMPORTED GLOBAL)
target_include_directories(OneDnn::dnnl SYSTEM INTERFACE ${onednn_root}/include)
target_link_libraries(OneDnn::dnnl INTERFACE ${onednn_root}/lib/libdnnl.so.3)
target_link_options(OneDnn::dnnl INTERFACE
  -Wl,-rpath,${onednn_root}/lib -Wl,-rpath-link,${onednn_root}/lib -Wl,--disable-new-dtags)
