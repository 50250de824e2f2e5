/* SPDX-License-Identifier: MIT */
#include "text/basevolume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The name of the volume, "none" or "untold". */
static const char *chosen(const char *symbol, const char *first, const char *second,
                          const char *third)
{
    const char *text[] = {"symbol", "close", first, second, third};
    const struct umm_names names = {.has_names = true, .n = third ? 5 : 4, .text = text};
    struct umm_error err = {0};
    int index = 99;
    enum umm_status status =
        umm_basevolume_find(&names, "volume_", symbol, strlen(symbol), &index, &err);
    if (status) {
        assert_int_equal(status, UMM_ERR_DATA);
        assert_non_null(strstr(err.message, "which volume is in the base asset"));
        return "untold";
    }
    return index == UMM_FIELD_NONE ? "none" : text[index];
}

static void test_the_symbol_tells_and_not_the_order(void **state)
{
    static const struct {
        const char *symbol, *a, *b, *chosen;
    } cases[] = {
        {"BTC/USD", "Volume USD", "Volume BTC", "Volume BTC"},
        {"BTC/USD", "Volume BTC", "Volume USD", "Volume BTC"},
        {"USD/BTC", "Volume BTC", "Volume USD", "Volume USD"},
        {"btc-usdt", "volume_usdt", "volume_btc", "volume_btc"},
        {"BTCUSDT", "Volume USDT", "Volume BTC", "Volume BTC"},
        {"ETHBTC", "Volume BTC", "Volume ETH", "Volume ETH"},
        {"USDTUSD", "Volume USD", "Volume USDT", "Volume USDT"},
        {"BTCEUR", "Volume BTC", "Volume X", "Volume BTC"},
        {"BTCUSD", "volume_btc", "volume", "volume_btc"},
        {"BTC", "Volume BTC", "Volume USD", "Volume BTC"},
        {"SYNTH", "volume_btc", "volume", "volume_btc"},
        {"BTCUSD", "volume", "trades", "none"},
        {"", "volume", "trades", "none"},
        {"ETH/USD", "Volume USD", "Volume BTC", "untold"},
        {"BTCUSD", "volume_usd", "volume", "untold"},
        {"BTCPERP", "volume_usd", "volume", "untold"},
        {"ETHUSD", "volume_btc", "volume", "untold"},
        {"BTCUSD", "Volume USD", "trades", "untold"},
        {"", "Volume BTC", "Volume USD", "untold"},
        {"BTC/USD", "Volume BTC", "volume_btc", "untold"},
        {"X", "Volume A", "Volume B", "untold"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(chosen(cases[i].symbol, cases[i].a, cases[i].b, NULL), cases[i].chosen);
    assert_string_equal(chosen("ETHUSD", "Volume USD", "Volume BTC", "Volume ETH"), "Volume ETH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_symbol_tells_and_not_the_order),
    };

    return cmocka_run_group_tests_name("basevolume", tests, NULL, NULL);
}
