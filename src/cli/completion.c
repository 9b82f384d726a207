/* Completion scripts from the table of verbs: verbs, flags, the words that a flag or a verb takes, files,
 * folders. */
#include "cli/cli_int.h"

static void append_flags(GString *text, const CliFlag *flags)
{
    for (; flags->name != NULL; flags++) {
        g_string_append_printf(text, " --%s", flags->name);
        if (flags->letter != 0) {
            g_string_append_printf(text, " -%c", flags->letter);
        }
    }
}

static char *verb_names(void)
{
    GString *names = g_string_new(NULL);
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        g_string_append_printf(names, "%s%s", i == 0 ? "" : " ", CLI_VERBS[i].name);
    }
    return g_string_free(names, FALSE);
}

/* ---- bash ---- */

static void bash_flag_values(FILE *out, const char *verb, const CliFlag *flags)
{
    for (; flags->name != NULL; flags++) {
        if (flags->type == CLI_BOOL) {
            continue;
        }
        fprintf(out, "    %s:--%s", verb, flags->name);
        if (flags->letter != 0) {
            fprintf(out, "|%s:-%c", verb, flags->letter);
        }
        if (flags->values != NULL) {
            fprintf(out, ") COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return ;;\n", flags->values);
        } else if (strcmp(flags->arg, "FOLDER") == 0) {
            fputs(") COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n", out);
        } else {
            fputs(") COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", out);
        }
    }
}

static void bash_verb(FILE *out, const CliVerb *verb)
{
    g_autoptr(GString) flags = g_string_new(NULL);
    append_flags(flags, verb->flags);
    append_flags(flags, CLI_GLOBAL_FLAGS);
    const char *words = strcmp(verb->name, "help") == 0 ? "$verbs exit-codes" : verb->words_list;
    fprintf(out, "    %s) words=\"%s\"; flags=\"%s\"; kind=%s ;;\n", verb->name, words == NULL ? "" : words,
            flags->str + 1,
            verb->words_kind == CLI_WORDS_FILES     ? "-f"
            : verb->words_kind == CLI_WORDS_FOLDERS ? "-d"
                                                    : "\"\"");
}

static void print_bash(FILE *out)
{
    g_autofree char *names = verb_names();
    fprintf(out,
            "_weir() {\n  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" verb= "
            "words= flags= kind= i\n"
            "  local verbs=\"%s\"\n"
            "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
            "    case \"${COMP_WORDS[i]}\" in\n"
            "      -p|--project|-D|--data|--lang) ((i++)) ;;\n"
            "      -*) ;;\n"
            "      *) verb=\"${COMP_WORDS[i]}\"; break ;;\n"
            "    esac\n  done\n  case \"$verb:$prev\" in\n",
            names);
    bash_flag_values(out, "*", CLI_GLOBAL_FLAGS);
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        bash_flag_values(out, CLI_VERBS[i].name, CLI_VERBS[i].flags);
    }
    fputs("  esac\n  case \"$verb\" in\n", out);
    g_autoptr(GString) globals = g_string_new(NULL);
    append_flags(globals, CLI_GLOBAL_FLAGS);
    fprintf(out, "    '') words=\"$verbs\"; flags=\"%s\" ;;\n", globals->str + 1);
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        bash_verb(out, &CLI_VERBS[i]);
    }
    fputs("  esac\n  if [[ $cur == -* ]]; then words=$flags; kind=; fi\n"
          "  COMPREPLY=($(compgen ${kind:+$kind} -W \"$words\" -- \"$cur\"))\n}\ncomplete -F _weir weir\n",
          out);
}

/* ---- zsh ---- */

/* Inside '...' of an _arguments spec: quote, brackets and colon have a meaning. */
static char *zsh_text(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            g_string_append(out, "'\\''");
        } else if (strchr("[]:\\", *c) != NULL) {
            g_string_append_printf(out, "\\%c", *c);
        } else {
            g_string_append_c(out, *c);
        }
    }
    return g_string_free(out, FALSE);
}

static void zsh_flags(FILE *out, const CliFlag *flags)
{
    for (; flags->name != NULL; flags++) {
        g_autofree char *doc = zsh_text(base_tr(flags->en, flags->zh));
        g_autofree char *value = NULL;
        if (flags->type == CLI_BOOL) {
            value = g_strdup("");
        } else if (flags->values != NULL) {
            value = g_strdup_printf(":%s:(%s)", flags->arg, flags->values);
        } else {
            g_autofree char *arg = zsh_text(flags->arg);
            value = g_strdup_printf(":%s:_files%s", arg, strcmp(flags->arg, "FOLDER") == 0 ? " -/" : "");
        }
        const char *many = flags->type == CLI_LIST ? "*" : "";
        fprintf(out, "        '%s--%s%s[%s]%s' \\\n", many, flags->name, flags->type == CLI_BOOL ? "" : "=",
                doc, value);
        if (flags->letter != 0) {
            fprintf(out, "        '%s-%c[%s]%s' \\\n", many, flags->letter, doc, value);
        }
    }
}

static void print_zsh(FILE *out)
{
    fputs("#compdef weir\n_weir() {\n  local line state\n  _arguments -C \\\n", out);
    zsh_flags(out, CLI_GLOBAL_FLAGS);
    fputs("        '1:verb:->verb' '*::words:->words'\n  case $state in\n  verb)\n    local -a verbs=(\n",
          out);
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        g_autofree char *doc = zsh_text(base_tr(CLI_VERBS[i].en, CLI_VERBS[i].zh));
        fprintf(out, "      '%s:%s'\n", CLI_VERBS[i].name, doc);
    }
    fputs("    )\n    _describe verb verbs ;;\n  words)\n    case $line[1] in\n", out);
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        const CliVerb *verb = &CLI_VERBS[i];
        fprintf(out, "      %s) _arguments \\\n", verb->name);
        zsh_flags(out, verb->flags);
        zsh_flags(out, CLI_GLOBAL_FLAGS);
        if (verb->words_kind == CLI_WORDS_LIST) {
            fprintf(out, "        '*:word:(%s)' ;;\n", verb->words_list);
        } else {
            fprintf(out, "        '*:word:%s' ;;\n",
                    verb->words_kind == CLI_WORDS_FILES     ? "_files"
                    : verb->words_kind == CLI_WORDS_FOLDERS ? "_files -/"
                                                            : "");
        }
    }
    fputs("    esac ;;\n  esac\n}\nif [ \"$funcstack[1]\" = \"_weir\" ]; then _weir \"$@\"; else compdef "
          "_weir weir; fi\n",
          out);
}

/* ---- fish ---- */

static char *fish_text(const char *text)
{
    GString *out = g_string_new("'");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'' || *c == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *c);
    }
    g_string_append_c(out, '\'');
    return g_string_free(out, FALSE);
}

static void fish_flags(FILE *out, const char *verb, const CliFlag *flags)
{
    for (; flags->name != NULL; flags++) {
        g_autofree char *doc = fish_text(base_tr(flags->en, flags->zh));
        fputs("complete -c weir", out);
        if (verb != NULL) {
            fprintf(out, " -n '__fish_seen_subcommand_from %s'", verb);
        }
        fprintf(out, " -l %s", flags->name);
        if (flags->letter != 0) {
            fprintf(out, " -s %c", flags->letter);
        }
        if (flags->type != CLI_BOOL) {
            fputs(" -r", out);
        }
        if (flags->values != NULL) {
            fprintf(out, " -f -a '%s'", flags->values);
        }
        fprintf(out, " -d %s\n", doc);
    }
}

static void print_fish(FILE *out)
{
    fputs("complete -c weir -f\n", out);
    fish_flags(out, NULL, CLI_GLOBAL_FLAGS);
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        const CliVerb *verb = &CLI_VERBS[i];
        g_autofree char *doc = fish_text(base_tr(verb->en, verb->zh));
        fprintf(out, "complete -c weir -n __fish_use_subcommand -a %s -d %s\n", verb->name, doc);
        fish_flags(out, verb->name, verb->flags);
        if (verb->words_kind == CLI_WORDS_FILES || verb->words_kind == CLI_WORDS_FOLDERS) {
            fprintf(out, "complete -c weir -n '__fish_seen_subcommand_from %s' -F\n", verb->name);
        } else if (verb->words_list != NULL) {
            fprintf(out, "complete -c weir -n '__fish_seen_subcommand_from %s' -a '%s'\n", verb->name,
                    verb->words_list);
        }
    }
}

bool cli_completion(FILE *out, const char *shell)
{
    if (strcmp(shell, "bash") == 0) {
        print_bash(out);
    } else if (strcmp(shell, "zsh") == 0) {
        print_zsh(out);
    } else if (strcmp(shell, "fish") == 0) {
        print_fish(out);
    } else {
        return false;
    }
    return true;
}
