package dev.penumbra.capture;

import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** Names as people write them in commands and calls, and as Penumbra makes them. */
@Internal
public final class SqlNames {
    private SqlNames() {}

    /** Splits at dots outside double quotes; parts without quotes are taken in upper case. A quote that is not closed ends with the name. */
    public static List<String> parts(String name) {
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        boolean quoted = false;
        boolean wasQuoted = false;
        for (int i = 0; i <= name.length(); i++) {
            char c = i == name.length() ? '.' : name.charAt(i);
            boolean end = i == name.length() || (c == '.' && !quoted);
            if (end) {
                parts.add(wasQuoted ? part.toString() : part.toString().strip().toUpperCase(Locale.ROOT));
                part.setLength(0);
                wasQuoted = false;
            } else if (c == '"') {
                boolean doubled = quoted && i + 1 < name.length() && name.charAt(i + 1) == '"';
                if (doubled) {
                    part.append('"');
                    i++;
                } else {
                    quoted = !quoted;
                    wasQuoted = true;
                }
            } else {
                part.append(c);
            }
        }
        return parts;
    }

    /**
     * The name that is wanted, cut to a length; with a number behind it where that name is taken.
     *
     * @param longest how many characters a name may have
     */
    public static String free(String wanted, int longest, Predicate<String> isTaken) {
        String name = cut(wanted, longest);
        for (int number = 2; isTaken.test(name); number++) {
            String ending = "_" + number;
            name = cut(wanted, longest - ending.length()) + ending;
        }
        return name;
    }

    private static String cut(String name, int longest) {
        if (name.length() <= longest) {
            return name;
        }
        // Not between the halves of a character.
        return name.substring(0, Character.isHighSurrogate(name.charAt(longest - 1)) ? longest - 1 : longest);
    }
}
