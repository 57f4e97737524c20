package dev.penumbra.derby;

import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Stable;
import java.sql.SQLException;
import org.apache.derby.iapi.sql.conn.ConnectionUtil;
import org.apache.derby.iapi.sql.conn.LanguageConnectionContext;
import org.apache.derby.shared.common.error.StandardException;

/**
 * What the triggers of a captured table call, once a statement, as {@code PENUMBRA.CHANGED()}: {@code CREATE TRIGGER name AFTER
 * UPDATE ON table REFERENCING OLD TABLE AS FORMER NEW TABLE AS PRESENT FOR EACH STATEMENT CALL PENUMBRA.CHANGED()}, and alike for
 * INSERT and DELETE.
 *
 * <p>Each firing writes one outbox row for every row that the statement changed, in the user's transaction; a firing that fails
 * fails the user's statement. Called from the threads of all sessions.
 */
@Stable
public final class ChangeTrigger {
    private ChangeTrigger() {}

    /**
     * Called by Derby after a statement.
     *
     * @throws SQLException with a PENUMBRA code when a change cannot be kept
     */
    public static void fire() throws SQLException {
        call(DerbyDatabase::writeChanges);
    }

    /**
     * Called by Derby between a statement's reading and its changing of rows; locks the rows.
     *
     * @throws SQLException with PENUMBRA-1019 when another transaction has changed one of them in between
     */
    public static void guard() throws SQLException {
        call(DerbyDatabase::lockRows);
    }

    private interface Body {
        void run(DerbyDatabase database, LanguageConnectionContext session) throws SQLException, StandardException;
    }

    private static void call(Body body) throws SQLException {
        try {
            LanguageConnectionContext session = ConnectionUtil.getCurrentLCC();
            body.run(DerbyDatabase.of(session), session);
        } catch (PenumbraException e) {
            throw failure(e);
        } catch (StandardException e) {
            throw new SQLException(e.getMessage(), "38000", e);
        }
    }

    static SQLException failure(PenumbraException e) {
        // Of class 38, so that Derby hands it on as the routine's own.
        return new SQLException(e.getMessage(), "38P01", e.code().number(), e);
    }
}
