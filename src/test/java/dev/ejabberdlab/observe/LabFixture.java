package dev.ejabberdlab.observe;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Ejabberd;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Slot;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.guest.StepState.Status;
import dev.ejabberdlab.topology.Allocations;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.TopologyBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The reference lab, its steps in short, and what its guests may report. */
public final class LabFixture {

  public static final Instant NOW = Instant.parse("2026-05-04T03:02:01Z");
  public static final UUID UID = UUID.fromString("1a2b3c4d-0000-4000-8000-000000000001");
  public static final String IMAGE = "ejabberd-lab-bookworm";
  public static final String EPOCH = "1-" + IMAGE;

  /** System identifier of the lab's database. */
  public static final String SYSTEM = "7311111111111111111";

  /** In every step's files and values, so that tests can look for it elsewhere. */
  public static final String SECRET = "s3cr3t-Pa55word";

  private LabFixture() {}

  public static LabTopology lab() {
    return lab(IMAGE);
  }

  public static LabTopology lab(String image) {
    return lab(image, null);
  }

  /** A lab with the reference lab's networks and these nodes. */
  public static LabTopology lab(String image, List<EjabberdLabSpec.Node> nodes) {
    return lab(Specs.with(Specs.minimal("default", image), "nodes", nodes));
  }

  /** The reference lab, shut down. */
  public static LabTopology halted() {
    return labWith("running", false);
  }

  /** The reference lab with another value of one field of its spec. */
  public static LabTopology labWith(String field, Object value) {
    return lab(Specs.with(Specs.minimal("default", IMAGE), field, value));
  }

  /** The nodes of the reference lab without some, as a user would write them. */
  public static LabTopology labWithout(String... names) {
    Set<String> gone = Set.of(names);
    return lab(IMAGE, nodes().stream().filter(n -> !gone.contains(n.name())).toList());
  }

  /** The reference lab with a third PostgreSQL instance, psql3server. */
  public static LabTopology labOfThree(Map<String, ?> database) {
    EjabberdLabSpec.Node third =
        new EjabberdLabSpec.Node(
            "psql3server",
            Role.postgresql,
            null,
            null,
            null,
            null,
            null,
            List.of(
                new EjabberdLabSpec.Attachment("management", null, null),
                new EjabberdLabSpec.Attachment("internal", "192.168.1.13", null)));
    return lab(
        Specs.with(
            Specs.with(
                Specs.minimal("default", IMAGE),
                "nodes",
                Stream.concat(nodes().stream(), Stream.of(third)).toList()),
            "postgresql",
            database));
  }

  private static List<EjabberdLabSpec.Node> nodes() {
    return lab().nodes().stream()
        .map(
            n ->
                new EjabberdLabSpec.Node(
                    n.name(),
                    n.role(),
                    null,
                    null,
                    null,
                    null,
                    null,
                    n.interfaces().stream()
                        .map(
                            i ->
                                new EjabberdLabSpec.Attachment(
                                    i.network(),
                                    i.network().equals("management") ? null : i.address(),
                                    null))
                        .toList()))
        .toList();
  }

  private static LabTopology lab(EjabberdLabSpec spec) {
    EjabberdLab lab = new EjabberdLab();
    lab.getMetadata().setUid(UID.toString());
    lab.getMetadata().setNamespace("default");
    lab.getMetadata().setName("demo");
    lab.setSpec(spec);
    return TopologyBuilder.build(lab, Allocations.NONE.withManagementCidr("192.168.121.0/24"));
  }

  /** Steps as of the reference lab: names and order are those of the real ones that bring it up. */
  public static List<Step> steps() {
    return List.of(
        step("gw1server", "base"),
        step("e1server", "base"),
        step("e2server", "base"),
        step("psql1server", "base"),
        step("psql2server", "base"),
        step("psql1server", "postgresql-promotion", "psql1server/base"),
        step(
            "psql1server",
            "postgresql-primary",
            "psql1server/base",
            "psql1server/postgresql-promotion"),
        step(
            "psql2server",
            "postgresql-standby",
            "psql2server/base",
            "psql1server/postgresql-primary"),
        step("e1server", "ejabberd", "e1server/base", "psql1server/postgresql-primary"),
        step("e2server", "ejabberd", "e2server/base", "psql1server/postgresql-primary"),
        step("e2server", "ejabberd-cluster", "e1server/ejabberd", "e2server/ejabberd"));
  }

  public static Step step(String node, String name, String... requires) {
    return Step.builder()
        .node(node)
        .name(name)
        .script("check() { true; }")
        .values(Map.of("VALUE", SECRET))
        .files(Map.of("password", SECRET.getBytes(StandardCharsets.UTF_8)))
        .requires(
            Stream.of(requires)
                .map(r -> r.split("/"))
                .map(r -> new Step.Ref(r[0], r[1]))
                .collect(Collectors.toSet()))
        .scope(name.equals("postgresql-promotion") ? Step.Scope.BOOT : Step.Scope.DISK)
        .timeout(Duration.ofMinutes(10))
        .digest(digest(name))
        .build();
  }

  public static String digest(String step) {
    return "digest-of-" + step;
  }

  /** A guest that says of its steps what the arguments say, and has no service. */
  public static GuestReport report(StepState... states) {
    Map<String, StepState> byName = new TreeMap<>();
    Stream.of(states).forEach(s -> byName.put(s.name(), s));
    return new GuestReport("boot-1", byName, Optional.empty(), Optional.empty());
  }

  public static GuestReport with(GuestReport report, Postgresql postgresql) {
    return new GuestReport(
        report.bootId(), report.steps(), Optional.of(postgresql), report.ejabberd(), report.term());
  }

  public static GuestReport with(GuestReport report, Ejabberd ejabberd) {
    return new GuestReport(
        report.bootId(), report.steps(), report.postgresql(), Optional.of(ejabberd), report.term());
  }

  public static StepState done(String step) {
    return new StepState(step, digest(step), Status.DONE, 0, EPOCH, 30, "");
  }

  /** A step that was done until somebody changed this. */
  public static StepState drifted(String step, String... drift) {
    return new StepState(step, digest(step), Status.DONE, 0, EPOCH, 30, "", List.of(drift));
  }

  public static StepState running(String step) {
    return new StepState(step, digest(step), Status.RUNNING, 0, EPOCH, 0, "");
  }

  public static StepState interrupted(String step) {
    return new StepState(step, digest(step), Status.INTERRUPTED, 0, EPOCH, 0, "");
  }

  public static StepState failed(String step, int attempts, long secondsAgo) {
    return new StepState(
        step,
        digest(step),
        Status.FAILED,
        attempts,
        EPOCH,
        secondsAgo,
        "reading\nno space left on device\n");
  }

  /** An instance of the lab's database, whose server does not answer until told otherwise. */
  public static Postgresql.Builder instance() {
    return Postgresql.builder().timeline(1).systemIdentifier(SYSTEM);
  }

  /** A PostgreSQL instance that accepts writes at the read-write address. */
  public static Postgresql primary(Standby... standbys) {
    return instance()
        .primary()
        .readWriteAddress(true)
        .standbys(standbys)
        .slots(new Slot("psql2server", standbys.length > 0, "reserved"))
        .build();
  }

  public static Postgresql standby() {
    return instance().standby().receiving(true).build();
  }

  /** A standby that receives everything and replays nothing. */
  public static Postgresql paused(String why) {
    return standby().toBuilder().replay(why).build();
  }

  /** A server that does not answer, and whose data directory says nothing. */
  public static Postgresql down() {
    return Postgresql.builder().build();
  }

  public static Standby sender(String state, long lagBytes) {
    return new Standby("psql2server", state, lagBytes);
  }

  /** An ejabberd node that sees these. */
  public static Ejabberd ejabberd(String... nodes) {
    return new Ejabberd(true, "24.12", Stream.of(nodes).map(n -> "ejabberd@" + n).toList());
  }

  public static Ejabberd ejabberdDown() {
    return new Ejabberd(false, "", List.of());
  }
}
