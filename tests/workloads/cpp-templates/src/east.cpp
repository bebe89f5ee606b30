#include "ledger.hpp"

struct east {
    static constexpr int rate = 3;
};

int post_east(int amount) { return ledger::post_to_all<east>(amount); }
