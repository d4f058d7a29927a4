/* SPDX-License-Identifier: Apache-2.0
 *
 * filter_parse.c - reads AIP-160 text into a tree.
 *
 *     expression = sequence { "AND" sequence }     sequence = factor { factor }     factor = term { "OR" term }
 *     term = [ "NOT" | "-" ] simple                simple = "(" expression ")" | path op value | text
 *
 * One token of look-ahead. A value may hold ':' (times, addresses), a path may not: so whoever wants a value asks the lexer for one. Recursion is
 * bounded by LIMIT_FILTER_DEPTH, for only parentheses recurse. Source: google.aip.dev/160.
 */
#include "common/schema/filter_tree.h"

#include "common/base/limits.h"

#include <stdio.h>
#include <utf8proc.h>

enum token_kind { TOKEN_END, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_OP, TOKEN_MINUS, TOKEN_AND, TOKEN_OR, TOKEN_NOT, TOKEN_WORD, TOKEN_STRING };

struct token {
	enum token_kind kind;
	size_t start, end; /* in the text */
	enum filter_op op;
	bool negated;      /* != */
	const char *text;  /* of words and strings, without quotes and escapes */
};

struct parser {
	const char *text;
	size_t at;          /* behind the token */
	struct token token; /* the next one */
	const struct schema_type *type;
	schema_groups groups;
	struct arena *arena;
	struct status *st;
	unsigned terms, depth;
};

/* ---- faults ---------------------------------------------------------------------------------------------------------------- */

static bool fail_at(struct parser *p, size_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Columns count characters, from 1. Always false. */
static bool fail_at(struct parser *p, size_t offset, const char *format, ...)
{
	char text[STATUS_DESCRIPTION_BYTES];
	size_t column = 1;
	for (size_t i = 0; i < offset; i++) {
		column += ((unsigned char)p->text[i] & 0xC0) != 0x80;
	}
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return status_field(p->st, "filter", "column %zu: %s", column, text);
}

static bool fail_expected(struct parser *p, const char *expected)
{
	char excerpt[48];
	const struct token *token = &p->token;
	if (token->kind == TOKEN_END) {
		return fail_at(p, token->start, "expected %s, but the filter ends here", expected);
	}
	text_excerpt(p->text + token->start, token->end - token->start, excerpt, sizeof excerpt);
	return fail_at(p, token->start, "expected %s, not %s", expected, excerpt);
}

static bool fail_memory(struct parser *p)
{
	return status_fail(p->st, STATUS_RESOURCE_EXHAUSTED, "CALL_TOO_LARGE", "there is no memory left to read the filter");
}

/* ---- tokens ---------------------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_word(char c, bool value)
{
	return c == '\0' || is_blank(c) || strchr("()\"'=<>!,", c) || (c == ':' && !value);
}

static bool lex_operator(struct parser *p)
{
	static const struct {
		const char *text;
		enum filter_op op;
		bool negated;
	} rows[] = {
		{"!=", OP_EQUAL, true}, {"<=", OP_LESS_EQUAL, false},    {">=", OP_GREATER_EQUAL, false}, {"=", OP_EQUAL, false},
		{"<", OP_LESS, false},  {">", OP_GREATER, false}, {":", OP_CONTAINS, false},
	};
	struct token *token = &p->token;
	const char *text = p->text + token->start;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t size = strlen(rows[i].text);
		if (strncmp(text, rows[i].text, size) == 0) {
			token->kind = TOKEN_OP;
			token->op = rows[i].op;
			token->negated = rows[i].negated;
			p->at = token->end = token->start + size;
			return true;
		}
	}
	if (*text == '!') {
		return fail_at(p, token->start, "write NOT or - to negate a condition, != to compare");
	}
	return fail_at(p, token->start, "expected a condition, not '%c'", *text);
}

/* A quoted text; a backslash takes the next character as it is. */
static bool lex_string(struct parser *p)
{
	struct token *token = &p->token;
	char quote = p->text[token->start];
	char *text = arena_alloc(p->arena, strlen(p->text + token->start) + 1);
	size_t size = 0, at = token->start + 1;
	if (!text) {
		return fail_memory(p);
	}
	while (p->text[at] != quote) {
		at += p->text[at] == '\\';
		if (p->text[at] == '\0') {
			return fail_at(p, token->start, "the quote that opens here is never closed");
		}
		text[size++] = p->text[at++];
	}
	text[size] = '\0';
	token->kind = TOKEN_STRING;
	token->text = text;
	p->at = token->end = at + 1;
	return true;
}

static bool keyword(struct parser *p)
{
	static const struct {
		const char *text;
		enum token_kind kind;
		const char *instead;
	} rows[] = {
		{"AND", TOKEN_AND, NULL}, {"OR", TOKEN_OR, NULL},  {"NOT", TOKEN_NOT, NULL}, {"and", TOKEN_END, "AND"},
		{"or", TOKEN_END, "OR"},  {"not", TOKEN_END, "NOT"}, {"&&", TOKEN_END, "AND"}, {"||", TOKEN_END, "OR"},
	};
	struct token *token = &p->token;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (strcmp(token->text, rows[i].text) != 0) {
			continue;
		}
		if (rows[i].instead) {
			return fail_at(p, token->start, "write %s, or \"%s\" in quotes to search for the word", rows[i].instead, rows[i].text);
		}
		token->kind = rows[i].kind;
	}
	return true;
}

/* Words of paths may hold a map key in quotes: labels."cost center". */
static bool lex_word(struct parser *p, bool value)
{
	struct token *token = &p->token;
	size_t end = token->start;
	for (;;) {
		while (!ends_word(p->text[end], value)) {
			end++;
		}
		if (value || p->text[end] != '"' || end == token->start || p->text[end - 1] != '.') {
			break;
		}
		const char *quote = strchr(p->text + end + 1, '"');
		if (!quote) {
			return fail_at(p, end, "the quote that opens here is never closed");
		}
		end = (size_t)(quote - p->text) + 1;
	}
	if (p->text[end] == '(') {
		return fail_at(p, token->start, "functions are not known here; put a blank before the parenthesis if it groups conditions");
	}
	token->kind = TOKEN_WORD;
	token->text = arena_strndup(p->arena, p->text + token->start, end - token->start);
	p->at = token->end = end;
	if (!token->text) {
		return fail_memory(p);
	}
	return value || keyword(p);
}

/* Reads the next token: where a value is expected if `value`. */
static bool next(struct parser *p, bool value)
{
	while (is_blank(p->text[p->at])) {
		p->at++;
	}
	char c = p->text[p->at];
	p->token = (struct token){.kind = TOKEN_END, .start = p->at, .end = p->at + (c != '\0')};
	if (c == '\0') {
		return true;
	}
	if (c == '"' || c == '\'') {
		return lex_string(p);
	}
	if (c == '(' || c == ')' || (c == '-' && !value)) {
		p->token.kind = c == '(' ? TOKEN_OPEN : c == ')' ? TOKEN_CLOSE : TOKEN_MINUS;
		p->at++;
		return true;
	}
	if (ends_word(c, value)) {
		return lex_operator(p);
	}
	return lex_word(p, value);
}

/* ---- grammar --------------------------------------------------------------------------------------------------------------- */

/* The parser's functions return NULL after a fault. */
static struct filter_node *parse_expression(struct parser *p);

static struct filter_node *new_node(struct parser *p, enum filter_kind kind, const struct filter_node *child)
{
	struct filter_node *node = arena_calloc(p->arena, 1, sizeof *node);
	if (!node) {
		fail_memory(p);
		return NULL;
	}
	node->kind = kind;
	node->child = child;
	return node;
}

static bool count_term(struct parser *p)
{
	if (++p->terms > LIMIT_FILTER_TERMS) {
		return fail_at(p, p->token.start, "the filter has more than %u conditions", LIMIT_FILTER_TERMS);
	}
	return true;
}

static struct filter_node *parse_search(struct parser *p, const struct token *word)
{
	struct filter_node *node = new_node(p, FILTER_SEARCH, NULL);
	if (node && !filter_operand_search(&node->operand, word->text, p->arena)) {
		fail_memory(p);
		return NULL;
	}
	return node;
}

/* `p->token` is the operator behind `path`. */
static struct filter_node *parse_compare(struct parser *p, const struct token *path)
{
	struct token op = p->token;
	struct filter_node *node = new_node(p, FILTER_COMPARE, NULL);
	struct route_fault fault;
	char why[STATUS_DESCRIPTION_BYTES];
	if (!node) {
		return NULL;
	}
	if (path->kind != TOKEN_WORD) {
		fail_at(p, path->start, "expected a field name before the operator; a field name is not quoted");
		return NULL;
	}
	if (!route_find(p->type, path->text, path->end - path->start, p->groups, p->arena, &node->route, &fault)) {
		fail_at(p, path->start + fault.offset, "%s", fault.text);
		return NULL;
	}
	if (!next(p, true)) {
		return NULL;
	}
	if (p->token.kind != TOKEN_WORD && p->token.kind != TOKEN_STRING) {
		fail_expected(p, "a value");
		return NULL;
	}
	node->op = op.op;
	if (!filter_operand_read(node, p->token.text, p->token.kind == TOKEN_STRING, p->arena, why)) {
		fail_at(p, p->token.start, "%s", why);
		return NULL;
	}
	return next(p, false) ? (op.negated ? new_node(p, FILTER_NOT, node) : node) : NULL;
}

static struct filter_node *parse_group(struct parser *p)
{
	if (++p->depth > LIMIT_FILTER_DEPTH) {
		fail_at(p, p->token.start, "parentheses are nested more than %u deep", LIMIT_FILTER_DEPTH);
		return NULL;
	}
	struct filter_node *node = next(p, false) ? parse_expression(p) : NULL;
	if (node && p->token.kind != TOKEN_CLOSE) {
		fail_expected(p, "AND, OR or ')'");
		return NULL;
	}
	p->depth--;
	return node && next(p, false) ? node : NULL;
}

static struct filter_node *parse_simple(struct parser *p)
{
	struct token word = p->token;
	if (word.kind == TOKEN_OPEN) {
		return parse_group(p);
	}
	if (word.kind != TOKEN_WORD && word.kind != TOKEN_STRING) {
		fail_expected(p, "a condition");
		return NULL;
	}
	if (!count_term(p) || !next(p, false)) {
		return NULL;
	}
	return p->token.kind == TOKEN_OP ? parse_compare(p, &word) : parse_search(p, &word);
}

static struct filter_node *parse_term(struct parser *p)
{
	bool negated = false;
	while (p->token.kind == TOKEN_NOT || p->token.kind == TOKEN_MINUS) {
		negated = !negated;
		if (!next(p, false)) {
			return NULL;
		}
	}
	struct filter_node *node = parse_simple(p);
	return node && negated ? new_node(p, FILTER_NOT, node) : node;
}

/* term { OR term }: one node for all of them. */
static struct filter_node *parse_factor(struct parser *p)
{
	struct filter_node *first = parse_term(p), *last = first;
	while (last && p->token.kind == TOKEN_OR) {
		struct filter_node *more = next(p, false) ? parse_term(p) : NULL;
		last->next = more;
		last = more;
	}
	if (!last || first == last) {
		return last;
	}
	return new_node(p, FILTER_OR, first);
}

/* The AND between two factors may be left out. */
static struct filter_node *parse_expression(struct parser *p)
{
	struct filter_node *first = parse_factor(p), *last = first;
	while (last && p->token.kind != TOKEN_END && p->token.kind != TOKEN_CLOSE) {
		if (p->token.kind == TOKEN_AND && !next(p, false)) {
			return NULL;
		}
		struct filter_node *more = parse_factor(p);
		last->next = more;
		last = more;
	}
	if (!last || first == last) {
		return last;
	}
	return new_node(p, FILTER_AND, first);
}

static bool check_text(struct parser *p)
{
	size_t size = strlen(p->text);
	if (size > LIMIT_FILTER_BYTES) {
		return status_field(p->st, "filter", "is %zu bytes long; at most %u are allowed", size, LIMIT_FILTER_BYTES);
	}
	for (size_t at = 0; at < size;) {
		utf8proc_int32_t code;
		utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)p->text + at, (utf8proc_ssize_t)(size - at), &code);
		if (step <= 0) {
			return fail_at(p, at, "this is not UTF-8");
		}
		at += (size_t)step;
	}
	return true;
}

bool filter_parse(const struct schema_type *type, const char *text, schema_groups groups, struct arena *arena, const struct filter **ret_filter,
                  struct status *st)
{
	struct parser p = {.text = text, .type = type, .groups = groups, .arena = arena, .st = st};
	struct filter *filter = arena_calloc(arena, 1, sizeof *filter);
	if (!filter) {
		return fail_memory(&p);
	}
	if (!check_text(&p) || !next(&p, false)) {
		return false;
	}
	filter->type = type;
	filter->groups = groups;
	if (p.token.kind != TOKEN_END) {
		filter->root = parse_expression(&p);
		if (!filter->root) {
			return false;
		}
	}
	if (p.token.kind != TOKEN_END) {
		return fail_at(&p, p.token.start, "there is no open parenthesis for this one");
	}
	*ret_filter = filter;
	return true;
}
