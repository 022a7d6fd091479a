# The ways a target of ours is made, so that every one has the same
# warnings, include path and sanitizers.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# -Wthread-safety: to GCC the annotations of core/base/mutex.h's users are comments.
add_library(camnode_options INTERFACE)
target_include_directories(camnode_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(camnode_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Werror
  "$<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>")
if(CAMNODE_SANITIZE)
  # Instrumented, GCC 12 takes empty std::optional arguments of LibTorch for uninitialized.
  target_compile_options(camnode_options INTERFACE
    -fsanitize=${CAMNODE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined
    -Wno-maybe-uninitialized)
  target_link_options(camnode_options INTERFACE -fsanitize=${CAMNODE_SANITIZE})
  target_compile_definitions(camnode_options INTERFACE "CAMNODE_SANITIZE_${CAMNODE_SANITIZE_TAG}=1")
endif()

# Of files that are compiled for AVX-512 and chosen at run time.
set(CAMNODE_AVX512_OPTIONS -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512)
if(CAMNODE_SANITIZE MATCHES "address")
  # The stack frames that this check makes elsewhere are not aligned to 64 bytes (GCC 12).
  list(APPEND CAMNODE_AVX512_OPTIONS --param=asan-use-after-return=0)
endif()

# What tests/run --clang builds.
add_custom_target(camnode_libraries)

# camnode_library(NAME name SOURCES a.cc ... DEPENDS lib ...)
#
# Headers are not listed: nothing is installed, and tests/house knows whose each is.  Only
# those of a library without a source are (camnode_headers), which has nothing else.
function(camnode_library)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPENDS" ${ARGN})
  add_library(${ARG_NAME} STATIC ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME} PUBLIC ${ARG_DEPENDS} PRIVATE camnode_options)
  target_include_directories(${ARG_NAME} PUBLIC ${CMAKE_SOURCE_DIR})
  add_dependencies(camnode_libraries ${ARG_NAME})
endfunction()

# camnode_headers(NAME name HEADERS a.h ... DEPENDS lib ...): a library without a source.
function(camnode_headers)
  cmake_parse_arguments(ARG "" "NAME" "HEADERS;DEPENDS" ${ARGN})
  add_library(${ARG_NAME} INTERFACE)
  target_sources(${ARG_NAME} INTERFACE
    FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR} FILES ${ARG_HEADERS})
  target_link_libraries(${ARG_NAME} INTERFACE ${ARG_DEPENDS})
endfunction()

# camnode_module(NAME module LIBRARIES lib ...): what users of a folder with folders in it
# link.
function(camnode_module)
  cmake_parse_arguments(ARG "" "NAME" "LIBRARIES" ${ARGN})
  add_library(${ARG_NAME} INTERFACE)
  target_link_libraries(${ARG_NAME} INTERFACE ${ARG_LIBRARIES})
endfunction()

# camnode_torch_headers(lib a.cc ...): the sources of the library that include
# <torch/torch.h>.  Its 17 s are spent once, by camnode_inference_device.
function(camnode_torch_headers library)
  target_precompile_headers(${library} REUSE_FROM camnode_inference_device)
  get_target_property(sources ${library} SOURCES)
  list(REMOVE_ITEM sources ${ARGN})
  set_source_files_properties(${sources} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()

# camnode_program(NAME camnode-x SOURCES a.cc ... DEPENDS lib ...)
function(camnode_program)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPENDS} camnode_options)
endfunction()

# What tests/run --asan and --tsan build.
add_custom_target(camnode_unit_tests)
add_custom_target(camnode_thread_tests)

# camnode_test(NAME x_test SOURCES x_test.cc DEPENDS lib ... LABELS threads ...)
#
# A unit test.  It finds the public films in the environment variable
# CAMNODE_TEST_DATA and skips out loud where they are absent.
function(camnode_test)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPENDS} GTest::gmock GTest::gtest
    camnode_testing_main camnode_options)
  set_target_properties(${ARG_NAME} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_dependencies(camnode_unit_tests ${ARG_NAME})
  if("threads" IN_LIST ARG_LABELS)
    add_dependencies(camnode_thread_tests ${ARG_NAME})
  endif()
  add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${ARG_NAME} PROPERTIES TIMEOUT 300 LABELS "unit;${ARG_LABELS}"
    ENVIRONMENT "CAMNODE_TEST_DATA=${CAMNODE_TEST_DATA};CAMNODE_BIN=${CMAKE_BINARY_DIR}/bin")
endfunction()

set(CAMNODE_TEST_DATA "${CMAKE_SOURCE_DIR}/../shared/data" CACHE PATH
  "Folder with the public test films; tests that need it skip where it is absent")
