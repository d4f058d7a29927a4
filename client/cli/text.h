/* SPDX-License-Identifier: Apache-2.0
 *
 * text.h - text for terminals: what is safe to show, how wide it is, how names and numbers are written for people.
 */
#pragma once

#include "common/base/arena.h"

/* What stands around the program; decoration depends on it, formats never do. */
struct terminal {
	bool in, out, error; /* stdin, stdout, stderr are terminals */
	bool colour;         /* on stdout: a terminal, not dumb, no NO_COLOR */
	bool error_colour;
	int width;           /* columns of stdout's terminal; 0 where it is none */
};

/* Sets the locale to one with UTF-8 (what kam prints is UTF-8 whatever the environment says) and looks at the terminal. */
void terminal_look(struct terminal *terminal);

/* The text with control characters (C0, C1, bidirectional overrides, line separators) as \n, \t, \u001b and invalid UTF-8 as U+FFFD; the same pointer
 * where there is nothing to change. */
const char *text_clean(const char *text, struct arena *arena);
/* JSON with the same characters written as \u escapes, which mean the same; only strings hold any. */
const char *text_clean_json(const char *json, struct arena *arena);
/* Columns that clean text takes on a terminal. */
size_t text_width(const char *text);
/* Bytes of the first character and of what combines with it, and the columns it takes; 0 at the end. */
size_t text_character(const char *text, size_t *ret_width);
/* Clean text in at most `width` columns; what had to be cut ends with "…". */
const char *text_cut(const char *text, size_t width, struct arena *arena);
bool text_is_utf8(const char *text, size_t size);

/* display_name and displayName -> display-name. */
const char *text_kebab(const char *name, struct arena *arena);
/* display-name -> display_name. */
const char *text_snake(const char *name, struct arena *arena);
/* display_name -> DISPLAY NAME. */
const char *text_heading(const char *name, struct arena *arena);
/* ECONOMIC_BUYER -> economic buyer. */
const char *text_words(const char *name, struct arena *arena);
/* 10005534 -> 10,005,534. */
const char *text_grouped(int64_t number, struct arena *arena);
/* The first sentence or line of a comment. */
const char *text_first_line(const char *comment, struct arena *arena);
/* Breaks text at blanks so that no line is wider than `width`, each line behind `indent` blanks; the first one is taken to begin at `column`. */
void text_wrap(struct buf *out, const char *text, size_t column, size_t indent, size_t width);
