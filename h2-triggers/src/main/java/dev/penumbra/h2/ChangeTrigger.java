package dev.penumbra.h2;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Stable;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.h2.api.Trigger;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.jdbc.JdbcResultSet;
import org.h2.result.ResultInterface;
import org.h2.tools.TriggerAdapter;
import org.jspecify.annotations.Nullable;

/**
 * The row trigger that captures a table: {@code CREATE TRIGGER name AFTER INSERT, UPDATE, DELETE ON table FOR EACH ROW CALL
 * "dev.penumbra.h2.ChangeTrigger"}.
 *
 * <p>Each firing writes one row into the outbox, in the user's transaction; a firing that fails fails the user's statement.
 * H2 creates one instance a trigger and calls it from the threads of all sessions.
 */
@Stable
public final class ChangeTrigger extends TriggerAdapter {
    private static final int ALL_ROW_CHANGES = Trigger.INSERT | Trigger.UPDATE | Trigger.DELETE;

    private @Nullable H2Database capture;
    private final TriggeredLayout layout = new TriggeredLayout();

    /** Called by H2. */
    public ChangeTrigger() {}

    /** @throws SQLException when the table cannot be captured; H2 then does not create the trigger */
    @Override
    public void init(Connection connection, String schema, String trigger, String table, boolean isBefore, int typeMask)
            throws SQLException {
        super.init(connection, schema, trigger, table, isBefore, typeMask);
        SessionLocal session = session(connection);
        if (isBefore || typeMask != ALL_ROW_CHANGES) {
            throw failure(new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("trigger", trigger)
                    .with("expected", "AFTER INSERT, UPDATE, DELETE ... FOR EACH ROW"));
        }
        try {
            H2Database opened = H2Database.of(session.getDatabase());
            opened.triggerCreated(session, schema, table, layout);
            capture = opened;
        } catch (PenumbraException e) {
            throw failure(e.with("trigger", trigger));
        }
    }

    @Override
    public void fire(Connection connection, @Nullable ResultSet oldRow, @Nullable ResultSet newRow)
            throws SQLException {
        H2Database writing = capture;
        if (writing == null) {
            throw failure(new PenumbraException(ErrorCode.INTERNAL).with("reason", "trigger fired before init"));
        }
        if (oldRow == null && newRow == null) {
            throw failure(new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("trigger", triggerName)
                    .with("expected", "FOR EACH ROW"));
        }
        try {
            @Nullable ResultInterface former = oldRow == null ? null : ((JdbcResultSet) oldRow).getResult();
            @Nullable ResultInterface present = newRow == null ? null : ((JdbcResultSet) newRow).getResult();
            writing.writeChange(session(connection), layout, former, present);
        } catch (PenumbraException e) {
            throw failure(e);
        }
    }

    @Override
    public void remove() {
        H2Database writing = capture;
        if (writing != null) {
            writing.triggerRemoved();
        }
    }

    @Override
    public void close() {
        H2Database closing = capture;
        if (closing != null) {
            closing.close();
        }
    }

    private static SessionLocal session(Connection connection) {
        return (SessionLocal) ((JdbcConnection) connection).getSession();
    }

    static SQLException failure(PenumbraException e) {
        return new SQLException(e.getMessage(), "HY000", e.code().number(), e);
    }
}
