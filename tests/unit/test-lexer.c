/* SPDX-License-Identifier: MIT */
/* test-lexer.c: bytes into tokens with their places. */
#include "fixture.h"

#include "base/lexer.h"
#include "base/strbuf.h"
#include "base/suggest.h"

#include <string.h>

/*
 * All tokens of a text in one line: W(ord) N(umber) T(ext) C(omment) P(unctuation) | for line ends,
 * B for bad.
 */
static const struct {
    const char *text, *tokens;
} texts[] = {
    {"", ""},
    {"abc a_1 _x", "W:abc W:a_1 W:_x"},
    {"1 0x1F 18446744073709551615 0xffffffffffffffff",
     "N:1 N:31 N:18446744073709551615 N:18446744073709551615"},
    {"10ms 4gb_segments 0x 0xg 1f", "W:10ms W:4gb_segments W:0x W:0xg W:1f"},
    {"18446744073709551616", "B"},
    {"0x10000000000000000", "B"},
    {"a<<b>>c<d>e", "W:a P:l W:b P:r W:c P:< W:d P:> W:e"},
    {"\"a b\" \"\\\"\" \"\"", "T:a b T:\\\" T:"},
    {"\"a\nb", "B"},
    {"\"a", "B"},
    {"\"a\\", "B"},
    {"\"a\x01\"", "B"},
    {"# note  \nx#y", "C:# note | W:x C:#y"},
    {"a\r\nb\r", "W:a | W:b"},
    {"a\rb", "W:a B"},
    {"# a\x07", "B"},
    {"\xc3\xa4", "B"},
    {"\"\xc3\xa4\" # \xc3\xa4", "T:\xc3\xa4 C:# \xc3\xa4"},
    {"\x7f", "B"},
    {"a=$p[1]@d1.0", "W:a P:= P:$ W:p P:[ N:1 P:] P:@ W:d1 P:. N:0"},
};

static void show(struct xd_str *out, const struct xd_token *t)
{
    xd_str_add(out, out->len ? " " : "");
    switch (t->kind) {
    case XD_TOK_WORD: xd_str_addf(out, "W:%.*s", (int)t->len, t->text); break;
    case XD_TOK_NUMBER: xd_str_addf(out, "N:%llu", (unsigned long long)t->num); break;
    case XD_TOK_TEXT: xd_str_addf(out, "T:%.*s", (int)t->len, t->text); break;
    case XD_TOK_COMMENT: xd_str_addf(out, "C:%.*s", (int)t->len, t->text); break;
    case XD_TOK_PUNCT: xd_str_addf(out, "P:%c", t->op); break;
    case XD_TOK_NEWLINE: xd_str_add(out, "|"); break;
    default: xd_str_add(out, "B"); break;
    }
}

START_TEST(text_becomes_tokens)
{
    struct xd_str out = {0};
    struct xd_lexer l;

    for (xd_lex_init(&l, texts[_i].text, strlen(texts[_i].text)); l.tok.kind != XD_TOK_END;
         xd_lex_next(&l)) {
        show(&out, &l.tok);
        if (l.tok.kind != XD_TOK_BAD)
            continue;
        ck_assert_ptr_nonnull(l.tok.why);
        break;
    }
    ck_assert_str_eq(xd_str_text(&out), texts[_i].tokens);
    xd_str_free(&out);
}
END_TEST

START_TEST(tokens_know_their_place)
{
    static const char text[] = "a  b\n\n  \"c\"d";
    static const struct {
        uint32_t line, col;
        bool spaced;
    } at[] = {{1, 1, true}, {1, 4, true}, {1, 5, false}, {2, 1, true}, {3, 3, true}, {3, 6, false}};
    struct xd_lexer l;

    xd_lex_init(&l, text, strlen(text));
    for (size_t i = 0; i < XD_ARRAY_SIZE(at); i++, xd_lex_next(&l)) {
        ck_assert_uint_eq(l.tok.line, at[i].line);
        ck_assert_uint_eq(l.tok.col, at[i].col);
        ck_assert_int_eq(l.tok.spaced, at[i].spaced);
    }
    ck_assert_int_eq(l.tok.kind, XD_TOK_END);
}
END_TEST

START_TEST(a_nul_byte_is_told_apart)
{
    struct xd_lexer l;

    xd_lex_init(&l, "a\0b", 3);
    xd_lex_next(&l);
    ck_assert_int_eq(l.tok.kind, XD_TOK_BAD);
    ck_assert_ptr_nonnull(strstr(l.tok.why, "NUL"));
    xd_lex_next(&l);
    ck_assert_int_eq(l.tok.kind, XD_TOK_BAD);
}
END_TEST

/* Where it is cut short it is any other such byte. */
START_TEST(a_byte_order_mark_is_told_apart)
{
    struct xd_lexer l;

    for (size_t n = 1; n <= 3; n++) {
        xd_lex_init(&l, "\xef\xbb\xbf", n);
        xd_lex_next(&l);
        ck_assert_int_eq(l.tok.kind, XD_TOK_BAD);
        ck_assert((strstr(l.tok.why, "byte order mark") != NULL) == (n == 3));
    }
}
END_TEST

START_TEST(a_word_can_swallow_dashes)
{
    struct xd_lexer l;

    xd_lex_init(&l, "l1e-rw-table = 1", 16);
    xd_lex_dashed(&l);
    ck_assert_uint_eq(l.tok.len, 12);
    ck_assert(xd_lex_blank_follows(&l));
    xd_lex_next(&l);
    ck_assert_int_eq(l.tok.op, '=');
}
END_TEST

static const struct {
    const char *text, *plain;
    size_t bad;
} escapes[] = {
    {"abc", "abc", 0},       {"\\n\\t\\r", "\n\t\r", 0},
    {"\\\\\\\"", "\\\"", 0}, {"\\x41\\xfF", "A\xff", 0},
    {"ab\\q", NULL, 2},      {"\\x4", NULL, 0},
    {"\\x4g", NULL, 0},      {"\\", NULL, 0},
};

START_TEST(escapes_are_read)
{
    char out[16];
    size_t bad = 99;
    long n = xd_lex_unescape(escapes[_i].text, strlen(escapes[_i].text), out, &bad);

    if (escapes[_i].plain) {
        ck_assert_int_eq(n, (long)strlen(escapes[_i].plain));
        ck_assert_mem_eq(out, escapes[_i].plain, (size_t)n);
    } else {
        ck_assert_int_eq(n, -1);
        ck_assert_uint_eq(bad, escapes[_i].bad);
    }
}
END_TEST

static const struct {
    const char *wanted, *best;
} guesses[] = {
    {"sned", "send"}, {"Send", "send"}, {"rply", "replay"},
    {"xyzzy", NULL},  {"", NULL},       {"alloc_unbuond", "alloc_unbound"},
};

START_TEST(near_names_are_found)
{
    static const char *const names[] = {"send", "replay", "alloc_unbound", "close"};
    struct xd_suggest s;

    xd_suggest_init(&s, guesses[_i].wanted, strlen(guesses[_i].wanted));
    for (size_t i = 0; i < XD_ARRAY_SIZE(names); i++)
        xd_suggest_offer(&s, names[i]);
    ck_assert_pstr_eq(s.best, guesses[_i].best);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lexer");
    TCase *tc = tcase_create("lexer");

    tcase_add_loop_test(tc, text_becomes_tokens, 0, XD_ARRAY_SIZE(texts));
    tcase_add_test(tc, tokens_know_their_place);
    tcase_add_test(tc, a_nul_byte_is_told_apart);
    tcase_add_test(tc, a_byte_order_mark_is_told_apart);
    tcase_add_test(tc, a_word_can_swallow_dashes);
    tcase_add_loop_test(tc, escapes_are_read, 0, XD_ARRAY_SIZE(escapes));
    tcase_add_loop_test(tc, near_names_are_found, 0, XD_ARRAY_SIZE(guesses));
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
