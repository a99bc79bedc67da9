#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/template/value.h"

/// The syntax tree of core/template/template.h; nobody outside of this folder needs it.
namespace pilotlight::tmpl {

struct Pipe;

/// Bytes of the template that a node was read from.
struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// A value that a command names.
struct Operand {
    enum class Kind { dot, nil, constant, field, variable, function, pipe };

    Kind kind = Kind::dot;
    Span span;
    /// constant: a bool, number or text.
    Value constant;
    /// function: its name; variable: `$` or `$name`.
    std::string name;
    /// pipe: what stands in the parentheses.
    std::shared_ptr<const Pipe> pipe;
    /// The `.Names` asked of it, one by one.
    std::vector<std::string> fields;
};

struct Command {
    Span span;
    std::vector<Operand> operands;
};

struct Pipe {
    Span span;
    std::vector<std::string> variables;
    /// `=`, not `:=`.
    bool assigns = false;
    std::vector<Command> commands;
};

struct Step;
using Steps = std::vector<Step>;

struct Step {
    enum class Kind { text, action, if_true, with, range, invoke, break_range, continue_range };

    Kind kind = Kind::text;
    Span span;
    /// text: as it is; invoke: the template's name.
    std::string text;
    /// Without commands where an invoke has none.
    Pipe pipe;
    Steps body;
    Steps otherwise;
};

/// One template of a set, with the text that its spans count in.
struct Body {
    std::string name;
    /// What the text is called in errors.
    std::string source;
    std::shared_ptr<const std::string> text;
    Steps steps;
};

struct Tree {
    /// The template that was parsed last.
    std::string main;
    std::map<std::string, std::shared_ptr<const Body>, std::less<>> bodies;
};

/// Parses `text` on top of `base`, which may be null. See Template::parse for errors.
[[nodiscard]] Result<std::shared_ptr<const Tree>> parse_tree(
    const Tree* base, std::string_view name, std::string_view text,
    const std::map<std::string, struct Function, std::less<>>& functions);

/// 1-based line of a byte, and bytes since its line began.
[[nodiscard]] std::pair<int, int> line_and_column(std::string_view text, std::size_t at);

}  // namespace pilotlight::tmpl
