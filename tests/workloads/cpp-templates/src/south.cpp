#include "ledger.hpp"

struct south {
    static constexpr int rate = 4;
};

int post_south(int amount) { return ledger::post_to_all<south>(amount); }
