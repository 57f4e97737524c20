package dev.penumbra.capture;

import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Table names as people write them in commands and calls. */
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
}
