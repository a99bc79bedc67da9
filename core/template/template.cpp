#include "core/template/template.h"

#include "core/template/execute.h"
#include "core/template/tree.h"

namespace pilotlight::tmpl {

Result<Template> Template::parse(std::string_view name, std::string_view text,
                                 const Functions& functions) {
    return Template().with(name, text, functions);
}

Result<Template> Template::with(std::string_view name, std::string_view text,
                                const Functions& functions) const {
    auto tree = parse_tree(tree_.get(), name, text, functions);
    if (!tree) return std::unexpected(std::move(tree.error()));
    Template parsed;
    parsed.tree_ = std::move(*tree);
    return parsed;
}

bool Template::has(std::string_view name) const {
    return tree_ != nullptr && tree_->bodies.contains(name);
}

Result<std::string> Template::execute(const Value& data, const Functions& functions,
                                      const ExecuteLimits& limits) const {
    return execute(tree_ == nullptr ? "" : tree_->main, data, functions, limits);
}

Result<std::string> Template::execute(std::string_view name, const Value& data,
                                      const Functions& functions,
                                      const ExecuteLimits& limits) const {
    if (tree_ == nullptr) return std::string();
    return execute_tree(*tree_, name, data, functions, limits);
}

}  // namespace pilotlight::tmpl
