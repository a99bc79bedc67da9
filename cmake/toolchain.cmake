# Compiler, warnings, sanitizers: one place, so that every target is built alike.

# g++ 12.2 miscompiles coroutines: temporaries inside a co_await expression are destroyed twice.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Pilotlight needs clang 19 or later (found ${CMAKE_CXX_COMPILER_ID} "
                      "${CMAKE_CXX_COMPILER_VERSION}): configure with --preset release, or "
                      "-DCMAKE_CXX_COMPILER=clang++-19")
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_COLOR_DIAGNOSTICS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

option(PILOTLIGHT_WERROR "Warnings are errors" ON)
set(PILOTLIGHT_SANITIZE "" CACHE STRING "As in -fsanitize=: address,undefined or thread")

add_library(pilotlight_flags INTERFACE)
target_compile_options(pilotlight_flags INTERFACE -Wall -Wextra -Wpedantic
                                                  $<$<BOOL:${PILOTLIGHT_WERROR}>:-Werror>)
# libstdc++ 12's own stable_sort calls a function that it declares deprecated.
target_compile_options(pilotlight_flags INTERFACE -Wno-deprecated-declarations)
# -pthread everywhere, or the precompiled headers do not fit targets whose libraries bring it.
target_compile_options(pilotlight_flags INTERFACE -pthread -fno-omit-frame-pointer)
target_link_options(pilotlight_flags INTERFACE -fuse-ld=lld)
if(PILOTLIGHT_SANITIZE)
  # UBSan's function check fails to assemble coroutines under clang.
  target_compile_options(pilotlight_flags INTERFACE -fsanitize=${PILOTLIGHT_SANITIZE}
                                                    -fno-sanitize=function
                                                    -fno-sanitize-recover=all)
  target_link_options(pilotlight_flags INTERFACE -fsanitize=${PILOTLIGHT_SANITIZE})
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # A precompiled header is only cacheable when its time stamp is no part of it.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  target_compile_options(pilotlight_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()
