# Turns files into a C++ source, so that the program is one file:
#   cmake -DOUTPUT=assets.cpp -DFOLDER=dir -P embed.cmake   (run by the build, see CMakeLists.txt)
file(GLOB files RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT files)
set(arrays "")
set(rows "")
set(index 0)
foreach(name IN LISTS files)
  file(READ ${FOLDER}/${name} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char kFile${index}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${name}\", {kFile${index}, sizeof kFile${index}}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT}
"// Made by exporters/embed.cmake from the files in dashboards/status.
#include \"exporters/assets.h\"

namespace pilotlight::exporters {
namespace {

${arrays}
constexpr Asset kAssets[] = {
${rows}};

}  // namespace

std::span<const Asset> assets() {
    return kAssets;
}

}  // namespace pilotlight::exporters
")
