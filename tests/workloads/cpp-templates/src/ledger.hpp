// A ledger of many kinds of accounts. All classes are templates over the region and the kind. Each
// translation unit has its own region, so it must instantiate all of them.
#pragma once

#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace ledger {

template <typename Region, int Kind> struct entry {
    int amount = Kind;
    std::string text = std::to_string(Kind);
};

template <typename Region, int Kind> class account {
  public:
    int post(int amount)
    {
        by_text_["posted"] = entry<Region, Kind>{amount, "posted"};
        pairs_.emplace_back(entry<Region, Kind>{}, entry<Region, Kind + 1>{});
        const std::function<int(int)> rated = [this](int sum) {
            return sum * Region::rate + static_cast<int>(by_text_.size());
        };
        return std::accumulate(pairs_.begin(), pairs_.end(), rated(amount),
                               [](int sum, const auto &pair) {
                                   return sum + std::get<0>(pair).amount - std::get<1>(pair).amount;
                               });
    }

  private:
    std::map<std::string, entry<Region, Kind>> by_text_;
    std::vector<std::tuple<entry<Region, Kind>, entry<Region, Kind + 1>>> pairs_;
};

template <typename Region, int... Kinds>
int post_to_each(std::integer_sequence<int, Kinds...>, int amount)
{
    return (0 + ... + account<Region, Kinds>{}.post(amount));
}

// The number of kinds determines the memory of a compilation.
template <typename Region> int post_to_all(int amount)
{
    return post_to_each<Region>(std::make_integer_sequence<int, 15>{}, amount);
}

} // namespace ledger
