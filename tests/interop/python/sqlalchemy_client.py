"""SQLAlchemy over PyMySQL and over MySQL's connector: reflection, Core, ORM."""
import datetime
import warnings
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm

from cases import HOST, MODE, PASSWORD, PORT, USER, equal, run

URL = sa.URL.create(f"mysql+{MODE}", USER, PASSWORD, HOST, PORT, "interop")
engine = sa.create_engine(URL)
warnings.simplefilter("error", sa.exc.SAWarning)  # a column that is not understood is only warned of
for unknown in ("largeint", "array"):  # what MySQL has no type for keeps its own name, and has values all the same
    warnings.filterwarnings("ignore", f"Did not recognize type '{unknown}' of column", sa.exc.SAWarning)
warnings.filterwarnings("ignore", "Incomplete reflection of column definition '  `tags` array<int>", sa.exc.SAWarning)


def cold_connect():
    with engine.connect() as connection:
        equal(connection.execute(sa.text("SELECT 1")).scalar(), 1)
    assert engine.dialect.server_version_info >= (8, 0), engine.dialect.server_version_info


def list_databases():
    names = set(sa.inspect(engine).get_schema_names())
    assert {"interop", "shop", "information_schema"} <= names, names


def reflect_one_schema():
    inspector = sa.inspect(engine)
    equal(inspector.get_table_names(), ["million", "pair", "typed"])
    equal(inspector.get_view_names(), [])
    assert inspector.has_table("typed") and not inspector.has_table("absent")
    equal(inspector.get_pk_constraint("pair")["constrained_columns"], ["a", "b"])
    equal(inspector.get_foreign_keys("pair"), [])
    equal(inspector.get_indexes("pair"), [])
    equal(inspector.get_unique_constraints("pair"), [])


def reflect_each_type():
    columns = sa.inspect(engine).get_columns("typed")
    want = [("id", "BIGINT"), ("ok", "BOOLEAN"), ("tiny", "TINYINT"), ("small", "SMALLINT"), ("plain", "INTEGER"), ("big", "BIGINT"),
            ("huge", "NullType"), ("f", "FLOAT"), ("d", "DOUBLE"), ("price", "DECIMAL"), ("code", "CHAR"), ("name", "VARCHAR"), ("note", "TEXT"),
            ("day", "DATE"), ("at", "DATETIME"), ("micro", "DATETIME"), ("doc", "JSON"), ("tags", "NullType")]
    equal([(column["name"], type(column["type"]).__name__) for column in columns], want)
    equal((columns[0]["nullable"], columns[0]["comment"], columns[1]["nullable"]), (False, "the key", True))
    price = columns[9]["type"]
    equal((price.precision, price.scale, columns[10]["type"].length, columns[11]["type"].length), (18, 4, 5, 50))


def reflect_other_databases():
    metadata = sa.MetaData()
    metadata.reflect(engine, schema="shop", views=True)
    assert {"shop.ods_event_i", "shop.ods_user_f", "shop.ods_total_f"} <= set(metadata.tables), list(metadata.tables)
    # its key may be NULL, so it is no PRIMARY KEY to MySQL
    equal([column.name for column in metadata.tables["shop.ods_user_f"].columns], ["id", "name", "city", "age"])
    sa.inspect(engine).get_table_names(schema="information_schema")


def query_a_reflected_table():
    typed = sa.Table("typed", sa.MetaData(), autoload_with=engine)
    statement = sa.select(typed.c.name, typed.c.price, typed.c.at, typed.c.doc, typed.c.tags).where(typed.c.id == 1)
    with engine.connect() as connection:
        row = connection.execute(statement).one()
    equal(row, ("it's \"ü\" 中 🎵 \\ %", Decimal("12.3456"), datetime.datetime(2026, 11, 21, 10, 20, 30), {"k": [1, "中"]}, "[1,2,null]"))


def million_rows_streamed():
    with engine.connect().execution_options(stream_results=True, yield_per=10000) as connection:
        result = connection.execute(sa.text("SELECT id, name FROM million"))
        equal(sum(len(part) for part in result.partitions()), 1000000)


class Base(orm.DeclarativeBase):
    pass


class Song(Base):
    __tablename__ = "song"
    id: orm.Mapped[int] = orm.mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    title: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    price: orm.Mapped[Decimal | None] = orm.mapped_column(sa.Numeric(10, 2))
    made: orm.Mapped[datetime.datetime | None]


def ORM():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    made = datetime.datetime(2026, 1, 2, 3, 4, 5)
    with orm.Session(engine) as session:
        session.add_all([Song(id=i, title=f"s{i}", price=Decimal("1.50"), made=made) for i in range(300)])
        session.commit()
    with orm.Session(engine) as session:
        song = session.scalars(sa.select(Song).where(Song.title == "s7")).one()
        equal((song.id, song.price, song.made), (7, Decimal("1.50"), made))
        song.title = "seven"
        session.commit()
        session.delete(session.get(Song, 8))
        session.commit()
        equal(session.scalar(sa.select(sa.func.count()).select_from(Song)), 299)
        equal(session.get(Song, 7).title, "seven")
        session.add(Song(id=1000, title="not kept"))
        session.flush()
        session.rollback()
        equal(session.scalar(sa.select(sa.func.count()).select_from(Song)), 299)
    Base.metadata.drop_all(engine)


def errors():
    with engine.connect() as connection:
        for sql, number in (("SELECT * FROM absent", 1146), ("SELEC 1", 1064)):
            try:
                connection.execute(sa.text(sql))
                raise AssertionError(f"no error {number}")
            except sa.exc.DBAPIError as error:
                equal(error.orig.args[0], number)
            connection.rollback()
    try:
        sa.create_engine(URL.set(password="wrong")).connect()
        raise AssertionError("no error 1045")
    except sa.exc.DBAPIError as error:
        equal(error.orig.args[0], 1045)
    try:
        sa.Table("absent", sa.MetaData(), autoload_with=engine)
        raise AssertionError("an absent table was reflected")
    except sa.exc.NoSuchTableError:
        pass


def pandas_frames():
    import pandas as pd
    frame = pd.read_sql("SELECT day, count(*) AS n, sum(v) AS v FROM million GROUP BY day ORDER BY day LIMIT 3", engine)
    equal(list(frame.columns), ["day", "n", "v"])
    equal(int(frame["n"].iloc[0]), 2740)
    made = pd.DataFrame({"id": range(500), "name": [f"x{i}" for i in range(500)], "v": [i / 3 for i in range(500)],
                         "at": pd.date_range("2026-01-01", periods=500, freq="h")})
    made.to_sql("frame", engine, index=False, if_exists="replace", chunksize=100, method="multi")
    back = pd.read_sql_table("frame", engine).sort_values("id").reset_index(drop=True)
    pd.testing.assert_frame_equal(back, made, check_dtype=False)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE frame"))


run(cold_connect, list_databases, reflect_one_schema, reflect_each_type, reflect_other_databases, query_a_reflected_table,
    million_rows_streamed, ORM, errors, pandas_frames)
