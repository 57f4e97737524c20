package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.sql.AsOf;
import dev.penumbra.ignite.sql.CopyNames;
import dev.penumbra.ignite.sql.Place;
import dev.penumbra.ignite.sql.TableUse;
import dev.penumbra.ignite.sql.TableUse.Role;
import dev.penumbra.ignite.sql.TableUses;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.shadow.coverage.Predicate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlCharStringLiteral;
import org.apache.calcite.sql.SqlDelete;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlExplain;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlInsert;
import org.apache.calcite.sql.SqlJoin;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlMerge;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlSnapshot;
import org.apache.calcite.sql.SqlTimestampLiteral;
import org.apache.calcite.sql.SqlUnknownLiteral;
import org.apache.calcite.sql.SqlUpdate;
import org.apache.calcite.sql.SqlWith;
import org.apache.calcite.sql.SqlWithItem;
import org.apache.calcite.sql.ddl.SqlCreateView;
import org.apache.calcite.sql.ddl.SqlDropObject;
import org.apache.calcite.sql.parser.SqlParser;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.util.TimestampString;
import org.apache.ignite.internal.processors.query.calcite.sql.IgniteAbstractSqlAlterTable;
import org.apache.ignite.internal.processors.query.calcite.sql.IgniteSqlCreateIndex;
import org.apache.ignite.internal.processors.query.calcite.sql.IgniteSqlCreateTable;
import org.apache.ignite.internal.processors.query.calcite.sql.IgniteSqlDropIndex;
import org.apache.ignite.internal.processors.query.calcite.sql.stat.IgniteSqlStatisticsCommand;
import org.apache.ignite.internal.processors.query.calcite.sql.stat.IgniteSqlStatisticsTable;
import org.apache.ignite.internal.processors.query.calcite.util.Commons;
import org.jspecify.annotations.Nullable;

/** Finds the names of copies with the parser of Ignite's Calcite engine. */
final class QueryTables implements TableUses {
    private final Supplier<SqlParser.Config> parser;

    /** @param parser the engine's own parser configuration, asked for when first needed */
    QueryTables(Supplier<SqlParser.Config> parser) {
        this.parser = parser;
    }

    @Override
    public Found in(String sql, String schema) {
        return found(sql, schema, Commons.parse(sql, parser.get()));
    }

    @Override
    public Found inQuery(String sql, String schema) {
        SqlNodeList statements = Commons.parse(sql, parser.get());
        SqlNode first = statements.get(0);
        if (!first.isA(SqlKind.QUERY)) {
            SqlParserPos at = first.getParserPosition();
            throw new Place(at.getLineNum(), at.getColumnNum())
                    .in(new PenumbraException(ErrorCode.SQL_SYNTAX)
                            .with("expected", "a query")
                            .with("found", first.getKind()));
        }
        return found(sql, schema, statements);
    }

    private static Found found(String sql, String schema, SqlNodeList statements) {
        List<TableUse> uses = new ArrayList<>();
        boolean executed = false;
        boolean onlyReads = true;
        for (int i = 0; i < statements.size(); i++) {
            Walk walk = new Walk(sql, schema, i, uses);
            walk.visit(statements.get(i));
            SqlNode run = statements.get(i);
            if (run instanceof SqlExplain explain) {
                run = explain.getExplicandum();
            } else {
                executed = true;
            }
            onlyReads &= run.isA(SqlKind.QUERY);
        }
        return new Found(uses, executed, onlyReads);
    }

    /** One statement's tree, walked with the names of common table expressions that hide tables. */
    private static final class Walk {
        private final String sql;
        private final String session;
        private final int statement;
        private final List<TableUse> uses;
        private final IdentityHashMap<SqlIdentifier, Predicate> filters = new IdentityHashMap<>();
        private Set<String> hidden = Set.of();
        private Role read = Role.READ;
        private @Nullable AsOf asOf;

        Walk(String sql, String session, int statement, List<TableUse> uses) {
            this.sql = sql;
            this.session = session;
            this.statement = statement;
            this.uses = uses;
        }

        void visit(@Nullable SqlNode node) {
            if (node instanceof SqlNodeList list) {
                list.forEach(this::visit);
            } else if (node instanceof SqlIdentifier name) {
                column(name);
            } else if (node instanceof SqlSelect select) {
                QueryFilters.note(select, filters);
                from(select.getFrom());
                for (SqlNode operand : select.getOperandList()) {
                    if (operand != select.getFrom()) {
                        visit(operand);
                    }
                }
            } else if (node instanceof SqlWith with) {
                with(with);
            } else if (node instanceof SqlJoin join) {
                from(join);
            } else if (node instanceof SqlInsert insert) {
                target(insert.getTargetTable(), Role.WRITE);
                visit(insert.getSource());
            } else if (node instanceof SqlUpdate update) {
                target(update.getTargetTable(), Role.WRITE);
                visit(update.getSourceExpressionList());
                visit(update.getCondition());
            } else if (node instanceof SqlDelete delete) {
                target(delete.getTargetTable(), Role.WRITE);
                visit(delete.getCondition());
            } else if (node instanceof SqlMerge merge) {
                target(merge.getTargetTable(), Role.WRITE);
                from(merge.getSourceTableRef());
                visit(merge.getCondition());
                visit(merge.getUpdateCall());
                visit(merge.getInsertCall());
            } else if (node instanceof SqlCall call) {
                call(call);
            }
        }

        private void call(SqlCall call) {
            if (call instanceof IgniteSqlCreateTable create) {
                target(create.name(), Role.DEFINE);
                visit(create.query());
            } else if (call instanceof SqlCreateView create) {
                target(create.name, Role.DEFINE);
                read = Role.VIEW;
                visit(create.query);
                read = Role.READ;
            } else if (call instanceof SqlDropObject drop) {
                target(drop.name, Role.DEFINE);
            } else if (call instanceof IgniteAbstractSqlAlterTable alter) {
                target(alter.name(), Role.DEFINE);
            } else if (call instanceof IgniteSqlCreateIndex index) {
                choice(index.tableName());
            } else if (call instanceof IgniteSqlDropIndex index) {
                choice(index.name());
            } else if (call instanceof IgniteSqlStatisticsCommand statistics) {
                for (IgniteSqlStatisticsTable table : statistics.tables()) {
                    choice(table.name());
                }
            } else if (call.getKind() == SqlKind.EXPLICIT_TABLE) {
                from(call);
            } else {
                call.getOperandList().forEach(this::visit);
            }
        }

        private void with(SqlWith with) {
            Set<String> outside = hidden;
            for (SqlNode node : with.withList) {
                SqlWithItem item = (SqlWithItem) node;
                visit(item.query);
                Set<String> inside = new HashSet<>(hidden);
                inside.add(item.name.getSimple());
                hidden = inside;
            }
            visit(with.body);
            hidden = outside;
        }

        private void from(@Nullable SqlNode node) {
            from(node, null);
        }

        /** @param alias the name that an enclosing AS gives the table; null when none does */
        private void from(@Nullable SqlNode node, @Nullable String alias) {
            if (node instanceof SqlIdentifier name) {
                if (!name.isSimple() || !hidden.contains(name.getSimple())) {
                    table(name, read, alias);
                }
            } else if (node instanceof SqlSnapshot snapshot && isCopy(snapshot.getTableRef())) {
                asOf = asOf(snapshot, alias != null);
                from(snapshot.getTableRef(), alias);
                asOf = null;
            } else if (node instanceof SqlJoin join) {
                from(join.getLeft());
                from(join.getRight());
                visit(join.getCondition());
            } else if (node instanceof SqlCall call) {
                switch (call.getKind()) {
                    case AS,
                            TABLE_REF,
                            EXPLICIT_TABLE,
                            SNAPSHOT,
                            TABLESAMPLE,
                            EXTEND,
                            LATERAL,
                            PIVOT,
                            UNPIVOT,
                            MATCH_RECOGNIZE -> {
                        List<SqlNode> operands = call.getOperandList();
                        boolean names = call.getKind() == SqlKind.AS && operands.get(1) instanceof SqlIdentifier;
                        from(operands.get(0), names ? ((SqlIdentifier) operands.get(1)).getSimple() : alias);
                        operands.subList(1, operands.size()).forEach(this::visit);
                    }
                    default -> visit(call);
                }
            } else {
                visit(node);
            }
        }

        /** Whether what a clause stands behind is the name of a copy: of all else the engine says what it thinks of it. */
        private boolean isCopy(SqlNode table) {
            if (!(table instanceof SqlIdentifier name)) {
                return false;
            }
            return name.isSimple()
                    ? CopyNames.isReserved(session) && !hidden.contains(name.getSimple())
                    : name.names.size() == 2 && CopyNames.isReserved(name.names.get(0));
        }

        private AsOf asOf(SqlSnapshot snapshot, boolean aliased) {
            SqlNode period = snapshot.getPeriod();
            int end = end(snapshot.getParserPosition());
            if (period instanceof SqlDynamicParam parameter) {
                return new AsOf(null, parameter.getIndex(), aliased, end);
            }
            try {
                return new AsOf(AsOf.parse(literal(period)), -1, aliased, end);
            } catch (PenumbraException e) {
                SqlParserPos at = period.getParserPosition();
                throw new Place(at.getLineNum(), at.getColumnNum()).in(e);
            }
        }

        private static @Nullable Object literal(SqlNode period) {
            SqlNode resolved =
                    period instanceof SqlUnknownLiteral unknown ? unknown.resolve(SqlTypeName.TIMESTAMP) : period;
            if (resolved instanceof SqlTimestampLiteral time) {
                return LocalDateTime.parse(
                        time.getValueAs(TimestampString.class).toString().replace(' ', 'T'));
            }
            return resolved instanceof SqlCharStringLiteral text ? text.getValueAs(String.class) : resolved.toString();
        }

        private void target(SqlNode node, Role role) {
            if (node instanceof SqlIdentifier name) {
                table(name, role);
            } else if (node instanceof SqlCall call && call.operandCount() > 0) {
                target(call.operand(0), role);
            }
        }

        /** A statement on one copy's table that SHADOW, which is none in particular, cannot stand for. */
        private void choice(SqlIdentifier name) {
            String schema = name.isSimple() ? session : name.names.get(0);
            if (schema.equals(CopyNames.ANY)) {
                table(name, Role.DEFINE);
            }
        }

        private void table(SqlIdentifier name, Role role) {
            table(name, role, null);
        }

        private void table(SqlIdentifier name, Role role, @Nullable String alias) {
            boolean renamed = alias != null && !alias.equals(name.names.get(name.names.size() - 1));
            if (name.isSimple()) {
                if (CopyNames.isReserved(session)) {
                    SqlParserPos at = name.getComponentParserPosition(0);
                    int start = start(at);
                    uses.add(new TableUse(
                            statement,
                            role,
                            session,
                            name.getSimple(),
                            start,
                            start,
                            end(at),
                            renamed,
                            asOf,
                            filter(name)));
                }
            } else if (name.names.size() == 2) {
                named(name, role, renamed);
            }
        }

        private void column(SqlIdentifier name) {
            if (name.names.size() > 2) {
                named(name, Role.COLUMN, false);
            }
        }

        private void named(SqlIdentifier name, Role role, boolean renamed) {
            String schema = name.names.get(0);
            if (!CopyNames.isReserved(schema)) {
                return;
            }
            SqlParserPos at = name.getComponentParserPosition(0);
            int start = start(at);
            int end = end(at);
            String typed = sql.substring(start, end);
            boolean same = typed.toUpperCase(Locale.ROOT).equals(schema)
                    || typed.equals('"' + schema + '"')
                    || typed.regionMatches(true, 0, "U&", 0, 2);
            if (!same) {
                throw new Place(at.getLineNum(), at.getColumnNum())
                        .in(new PenumbraException(ErrorCode.INTERNAL)
                                .with("name", schema)
                                .with("found", typed));
            }
            int tableEnd = end(name.getComponentParserPosition(1));
            uses.add(new TableUse(
                    statement, role, schema, name.names.get(1), start, end, tableEnd, renamed, asOf, filter(name)));
        }

        private Predicate filter(SqlIdentifier table) {
            Predicate filter = filters.get(table);
            return filter == null ? new Predicate.Unknown() : filter;
        }

        private int end(SqlParserPos at) {
            return Place.offset(sql, new Place(at.getEndLineNum(), at.getEndColumnNum())) + 1;
        }

        private int start(SqlParserPos at) {
            return Place.offset(sql, new Place(at.getLineNum(), at.getColumnNum()));
        }
    }
}
