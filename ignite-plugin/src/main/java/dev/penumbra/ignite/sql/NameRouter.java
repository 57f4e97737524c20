package dev.penumbra.ignite.sql;

import dev.penumbra.ignite.sql.Routing.Answer;
import dev.penumbra.ignite.sql.TableUse.Role;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.ShadowStatus.Phase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the copy that answers each name of a text, anew for every execution.
 *
 * <p>Safe for use by several threads. It never chooses a copy that is known to be incomplete.
 */
@Internal
public final class NameRouter {
    /** The tables that the engine of this node can plan a read of. */
    @FunctionalInterface
    public interface KnownTables {
        /** Whether there is such a table now; both names letter by letter. */
        boolean has(String schema, String table);
    }

    private final Copies copies;
    private final KnownTables tables;
    private final @Nullable Datacenter local;

    /** @param local the datacenter of this node; null when it is in none, so that home images answer */
    public NameRouter(Copies copies, KnownTables tables, @Nullable Datacenter local) {
        this.copies = copies;
        this.tables = tables;
        this.local = local;
    }

    /**
     * Chooses copies and puts their names into the text.
     *
     * @throws PenumbraException when a name has no copy that may answer
     */
    public Routing route(NamedText text) {
        Map<TableName, Answer> answers = new HashMap<>();
        List<Answer> inOrder = new ArrayList<>();
        for (TableUse use : text.uses()) {
            TableName asked = new TableName(use.schema(), use.table());
            if (use.role() == Role.READ && !answers.containsKey(asked)) {
                Answer answer = answer(text.sql(), use);
                answers.put(asked, answer);
                inOrder.add(answer);
            }
        }
        return new Routing(spliced(text, answers), inOrder);
    }

    private Answer answer(String sql, TableUse use) {
        return switch (use.schema()) {
            case CopyNames.ANY -> any(sql, use);
            case CopyNames.HOME -> home(sql, use, "the home image was named");
            default -> shadow(sql, use);
        };
    }

    private Answer any(String sql, TableUse use) {
        if (local == null) {
            return home(sql, use, "this node is in no datacenter");
        }
        Optional<Copy> shadow = copies.shadow(local, use.table());
        if (shadow.isEmpty()) {
            return home(sql, use, "datacenter " + local + " has no shadow of this table");
        }
        if (shadow.get().phase() != Phase.READY) {
            return home(sql, use, "the shadow in datacenter " + local + " is still loading");
        }
        // The catalogue and the engine learn of a shadow's coming and going at different moments.
        if (!tables.has(CopyNames.of(local), use.table())) {
            return home(sql, use, "this node has not opened the shadow in datacenter " + local + " yet");
        }
        return answer(use, CopyNames.of(local), "the shadow in datacenter " + local + " is complete", shadow.get());
    }

    private Answer shadow(String sql, TableUse use) {
        Optional<Copy> shadow = CopyNames.datacenter(use.schema()).flatMap(there -> copies.shadow(there, use.table()));
        if (shadow.isEmpty()) {
            throw NamedText.refusal(sql, use, ErrorCode.SHADOW_NOT_FOUND);
        }
        if (shadow.get().phase() != Phase.READY) {
            throw NamedText.refusal(sql, use, ErrorCode.COPY_LOADING)
                    .with("applied", shadow.get().applied());
        }
        return answer(use, use.schema(), "this shadow was named", shadow.get());
    }

    private Answer home(String sql, TableUse use, String reason) {
        Optional<TableName> own = copies.ownHome(use.table());
        if (own.isPresent()) {
            return new Answer(
                    use.schema() + "." + use.table(),
                    own.get().schema(),
                    own.get().table(),
                    Reads.Source.HOME,
                    reason + ", and the table is its own",
                    null,
                    null);
        }
        Optional<Copy> home = copies.home(use.table());
        if (home.isPresent() && home.get().phase() != Phase.READY) {
            throw NamedText.refusal(sql, use, ErrorCode.COPY_LOADING)
                    .with("copy", CopyNames.HOME + "." + use.table())
                    .with("applied", home.get().applied());
        }
        return answer(use, CopyNames.HOME, reason, home.orElse(null));
    }

    private static Answer answer(TableUse use, String schema, String reason, @Nullable Copy copy) {
        return new Answer(
                use.schema() + "." + use.table(),
                schema,
                use.table(),
                schema.equals(CopyNames.HOME) ? Reads.Source.HOME : Reads.Source.SHADOW,
                reason,
                copy == null ? null : copy.applied(),
                copy == null ? null : copy.table());
    }

    private static String spliced(NamedText text, Map<TableName, Answer> answers) {
        String sql = text.sql();
        StringBuilder result = new StringBuilder(sql.length() + Long.BYTES);
        int copied = 0;
        for (TableUse use : text.uses()) {
            Answer answer = answers.get(new TableName(use.schema(), use.table()));
            if (answer == null || answer.schema().equals(use.schema())) {
                continue;
            }
            result.append(sql, copied, use.start());
            if (CopyNames.isReserved(answer.schema())) {
                result.append(answer.schema());
                if (use.start() == use.end()) {
                    result.append('.');
                }
                copied = use.end();
            } else {
                result.append(own(use, answer));
                copied = use.tableEnd();
            }
        }
        return result.isEmpty() ? sql : result.append(sql, copied, sql.length()).toString();
    }

    /** The name of a table that is its own home image, where its copies were named; what else the text says of it stays true. */
    private static String own(TableUse use, Answer answer) {
        boolean sameName = answer.table().equals(use.table());
        if (use.role() == Role.COLUMN && !sameName) {
            return quoted(use.table());
        }
        String name = quoted(answer.schema()) + "." + quoted(answer.table());
        return use.role() == Role.COLUMN || sameName || use.renamed() ? name : name + " AS " + quoted(use.table());
    }

    /** A name as the engine reads it, which knows no line break within quotes and takes it by its number alone. */
    private static String quoted(String name) {
        String quoted = TableName.quote(name);
        return quoted.indexOf('\n') < 0 && quoted.indexOf('\r') < 0
                ? quoted
                : "U&" + quoted.replace("\\", "\\\\").replace("\n", "\\000a").replace("\r", "\\000d");
    }
}
