# pilotlight_library(NAME LIBS...)  one static library per folder, all its .cpp files.
# pilotlight_tests(NAME LIBS...)    one Boost.Test executable per folder of tests/.

# Two precompiled headers, built once each: the standard library, and Asio on top of it.
foreach(pch std asio)
  add_library(pilotlight_pch_${pch} STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
  target_include_directories(pilotlight_pch_${pch} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(pilotlight_pch_${pch} PUBLIC pilotlight_flags Boost::headers
                                                     OpenSSL::SSL fmt::fmt spdlog::spdlog)
  target_compile_definitions(pilotlight_pch_${pch} PRIVATE BOOST_ASIO_NO_DEPRECATED)
  target_precompile_headers(pilotlight_pch_${pch} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch_${pch}.h)
endforeach()

function(pilotlight_configure target pch)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC pilotlight_flags fmt::fmt)
  target_link_libraries(${target} PRIVATE Boost::headers spdlog::spdlog OpenSSL::SSL)
  target_compile_definitions(${target} PRIVATE BOOST_ASIO_NO_DEPRECATED)
  target_precompile_headers(${target} REUSE_FROM pilotlight_pch_${pch})
endfunction()

function(pilotlight_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ASIO" "" "LIBS;PRIVATE_LIBS")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(pilotlight_${name} STATIC ${sources})
  if(arg_ASIO)
    pilotlight_configure(pilotlight_${name} asio)
  else()
    pilotlight_configure(pilotlight_${name} std)
  endif()
  target_link_libraries(pilotlight_${name} PUBLIC ${arg_LIBS} PRIVATE ${arg_PRIVATE_LIBS})
endfunction()

# Every unit test executable: what is built for the sanitizers.
add_custom_target(unit_tests)

function(pilotlight_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ASIO" "" "LIBS")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  add_executable(${name}_tests ${CMAKE_SOURCE_DIR}/tests/support/main.cpp ${sources})
  if(arg_ASIO)
    pilotlight_configure(${name}_tests asio)
  else()
    pilotlight_configure(${name}_tests std)
  endif()
  target_link_libraries(${name}_tests PRIVATE ${arg_LIBS} Boost::unit_test_framework)
  add_dependencies(unit_tests ${name}_tests)
  add_test(NAME ${name} COMMAND ${name}_tests --color_output=no
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()
