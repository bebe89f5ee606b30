#include <iostream>

int post_north(int amount);
int post_east(int amount);
int post_south(int amount);
int post_west(int amount);

int main()
{
    std::cout << post_north(1) + post_east(2) + post_south(3) + post_west(4) << '\n';
}
