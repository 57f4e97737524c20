package dev.penumbra.capture;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A type of a source with values at its ends.
 *
 * @param type the type as a column's declaration has it
 * @param values what the journal has to hold for each literal
 */
public record TypeExtremes(String type, Map<String, Object> values) {
    public static TypeExtremes of(String type, Object... literalsAndValues) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < literalsAndValues.length; i += 2) {
            values.put((String) literalsAndValues[i], literalsAndValues[i + 1]);
        }
        return new TypeExtremes(type, values);
    }
}
