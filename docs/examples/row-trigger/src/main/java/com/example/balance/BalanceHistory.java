package com.example.balance;

import dev.penumbra.ignite.RowTrigger;
import dev.penumbra.model.TableName;
import org.apache.ignite.Ignite;
import org.apache.ignite.binary.BinaryObject;

/**
 * Writes a row into BALANCE_HISTORY for each change of a row of ACCOUNTS.
 *
 * <p>A change may be seen more than once, with the same partition and number each time. So the history's key is made of these,
 * and writing the row again changes nothing. The account belongs to the key because rows that {@code clear()} or expiry
 * removes can share a number.
 */
public final class BalanceHistory implements RowTrigger {
    @Override
    public void fire(String trigger, TableName table, TableRow before, TableRow after, Context context) {
        Ignite ignite = context.ignite();
        BinaryObject key = ignite.binary()
                .builder("BalanceHistoryKey")
                .setField("PART", context.partition())
                .setField("CHANGE_NUMBER", context.counter())
                .setField("ACCOUNT", (Long) (after == null ? before : after).get("ID"))
                .build();
        BinaryObject entry = ignite.binary()
                .builder("BalanceHistoryEntry")
                .setField("OLD_BALANCE", before == null ? null : before.get("BALANCE"), Object.class)
                .setField("NEW_BALANCE", after == null ? null : after.get("BALANCE"), Object.class)
                .build();
        ignite.<BinaryObject, BinaryObject>cache("BALANCE_HISTORY").withKeepBinary().put(key, entry);
    }
}
