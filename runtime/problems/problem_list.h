// Lists of problems as types: what `Problem` is one of, and what a file compiles the launches of.
#pragma once

#include <concepts>

namespace phosphene {

template <class... P>
struct ProblemList {};

template <class P, class List>
inline constexpr bool kListed = false;
template <class P, class... Others>
inline constexpr bool kListed<P, ProblemList<Others...>> = (std::same_as<P, Others> || ...);

template <class... A, class... B>
ProblemList<A..., B...> operator+(ProblemList<A...>, ProblemList<B...>);

}  // namespace phosphene
