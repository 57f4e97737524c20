package dev.penumbra.shadow.coverage;

import dev.penumbra.model.api.Internal;

/** What a column is compared with. */
@Internal
public sealed interface Operand permits Literal, Operand.Parameter {
    /**
     * A dynamic parameter of a statement; coverage has none.
     *
     * @param index counts the statement's parameters from 0
     */
    record Parameter(int index) implements Operand {}
}
