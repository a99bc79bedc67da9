# Turns files into a C++ source, so that the program is one file. Run by the build:
#   cmake -DOUTPUT=assets.cpp -DFILES=a;b -DHEADER=exporters/assets.h
#         -DNAMESPACE=pilotlight::exporters -DTYPE=Asset -DFUNCTION=assets -P embed.cmake
# TYPE is a struct of two string_views: the file's name and its content.
list(SORT FILES)
set(arrays "")
set(rows "")
set(index 0)
foreach(path IN LISTS FILES)
  get_filename_component(name ${path} NAME)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char kFile${index}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${name}\", {kFile${index}, sizeof kFile${index}}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT}
"// Made by cmake/embed.cmake.
#include \"${HEADER}\"

namespace ${NAMESPACE} {
namespace {

${arrays}
constexpr ${TYPE} kFiles[] = {
${rows}};

}  // namespace

std::span<const ${TYPE}> ${FUNCTION}() {
    return kFiles;
}

}  // namespace ${NAMESPACE}
")
