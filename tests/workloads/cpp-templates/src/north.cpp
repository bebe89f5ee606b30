#include "ledger.hpp"

struct north {
    static constexpr int rate = 2;
};

int post_north(int amount) { return ledger::post_to_all<north>(amount); }
