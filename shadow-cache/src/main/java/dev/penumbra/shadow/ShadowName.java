package dev.penumbra.shadow;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Incubating;

/**
 * Names one shadow: a source's table in a datacenter.
 *
 * @param source the source's name as its journal carries it
 * @param table the table as the source spells it
 * @param datacenter where the shadow stands
 */
@Incubating
public record ShadowName(String source, TableName table, Datacenter datacenter) {
    @Override
    public String toString() {
        return source + "." + table + "@" + datacenter;
    }
}
