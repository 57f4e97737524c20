package dev.penumbra.it;

import dev.penumbra.ignite.RowTrigger;
import dev.penumbra.model.TableName;
import java.util.Objects;
import org.apache.ignite.Ignite;
import org.jspecify.annotations.Nullable;

/** A user's trigger: notes the key of each row that is inserted in the table {@code NOTES}. */
public final class NoteInserts implements RowTrigger {
    @Override
    public void fire(
            String trigger, TableName table, @Nullable TableRow before, @Nullable TableRow after, Context context) {
        Ignite ignite = context.ignite();
        Object key = Objects.requireNonNull(Objects.requireNonNull(after).get("ID"));
        ignite.<Object, Object>cache("NOTES")
                .withKeepBinary()
                .put(
                        key,
                        ignite.binary()
                                .builder("NOTE")
                                .setField("TRIGGER_NAME", trigger)
                                .build());
    }
}
