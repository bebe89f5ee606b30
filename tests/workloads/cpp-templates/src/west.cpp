#include "ledger.hpp"

struct west {
    static constexpr int rate = 5;
};

int post_west(int amount) { return ledger::post_to_all<west>(amount); }
