#include "rules/promql/functions.h"

#include <algorithm>
#include <unordered_map>

namespace pilotlight::promql {
namespace {

bool is_known(const Function& function, Compatibility compatibility) {
    switch (function.since) {
        case Function::Since::always:
            return true;
        case Function::Since::only_2:
            return compatibility == Compatibility::prometheus2;
        case Function::Since::from_3:
            return compatibility == Compatibility::prometheus3;
    }
    return false;
}

std::unordered_map<std::string_view, const Function*> by_name() {
    std::unordered_map<std::string_view, const Function*> functions;
    for (const Function* function : all_functions())
        functions.emplace(function->name, function);
    return functions;
}

}  // namespace

std::size_t Function::argument_count() const {
    const auto* end = std::ranges::find(arguments, ValueType::none);
    return static_cast<std::size_t>(end - arguments.begin());
}

std::vector<const Function*> all_functions() {
    std::vector<const Function*> functions;
    for (const auto family : {rate_functions(), over_time_functions(), trend_functions(),
                              math_functions(), time_functions(), label_functions(),
                              shape_functions(), histogram_functions(), info_functions()}) {
        for (const Function& function : family)
            functions.push_back(&function);
    }
    return functions;
}

const Function* find_function(std::string_view name, Compatibility compatibility) {
    static const auto kFunctions = by_name();
    const auto found = kFunctions.find(name);
    if (found == kFunctions.end() || !is_known(*found->second, compatibility)) return nullptr;
    return found->second;
}

}  // namespace pilotlight::promql
