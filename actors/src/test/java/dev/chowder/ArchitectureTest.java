package dev.chowder;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.chowder.base.ErrorText;
import dev.chowder.effect.CanaryEffect;
import dev.chowder.reconcile.CanaryComparison;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.apache.pekko.persistence.jdbc.db.SlickDatabaseProvider;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Checks rules of {@code actors} and of the modules below it that no compiler checks. */
class ArchitectureTest {
  private static final JavaClasses ACTORS =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .withImportOption(location -> !location.contains("/proto/"))
          .withImportOption(location -> !location.contains("chowder-proto"))
          .importPackages("dev.chowder");

  /** Classes that decide, and the states they decide on, by the name of their outermost class. */
  private static final DescribedPredicate<JavaClass> PURE =
      DescribedPredicate.describe(
          "are rules or states",
          c ->
              outermost(c)
                  .getSimpleName()
                  .matches(".+(Lifecycle|State|Update|Table)|(Member|Observation)Rules"));

  private static final ArchRule RULES_KNOW_ONLY_THEIR_AGGREGATE =
      classes()
          .that(PURE)
          .should(new KnowOnlyItsOwnPackage())
          .because("rules can then be read and tested without an actor system, a clock or a disk");

  private static final ArchRule RULES_HAVE_NO_CLOCK_AND_NO_RANDOMNESS =
      noClasses()
          .that(PURE)
          .should()
          .callMethodWhere(
              DescribedPredicate.describe(
                  "returns a time, an id or a random number",
                  call -> isClockOrRandomness(call.getTarget())))
          .because("callers pass times, ids and random values in the command");

  private static final ArchRule ONLY_ITS_ENGINE_KNOWS_DOCKER =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.chowder.sandbox.docker..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.github.dockerjava..");

  private static final ArchRule ONLY_THE_SIMULATOR_KNOWS_JETTY =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.chowder.simulator..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.eclipse.jetty..");

  /** The packages of this module, and the tables of its journal. */
  private static final String[] WITH_PEKKO = {
    "dev.chowder.actor..",
    "dev.chowder.admission..",
    "dev.chowder.cluster..",
    "dev.chowder.creation..",
    "dev.chowder.duty..",
    "dev.chowder.effect..",
    "dev.chowder.instance..",
    "dev.chowder.organization..",
    "dev.chowder.pool..",
    "dev.chowder.storage.."
  };

  private static final ArchRule ONLY_ACTORS_KNOW_PEKKO =
      noClasses()
          .that()
          .resideOutsideOfPackages(WITH_PEKKO)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.pekko..")
          .because("the modules below this one get Pekko from storage, whose journal needs it");

  private static final ArchRule THIS_MODULE_HAS_NO_SERVER =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.chowder.api..", "dev.chowder.server..", "io.grpc..");

  private static final ArchRule ONLY_TRANSLATORS_KNOW_THE_JOURNAL_FORMAT =
      noClasses()
          .that(
              DescribedPredicate.describe(
                  "do not translate to or from the journal",
                  c -> !outermost(c).getSimpleName().matches(".*Journal.*")))
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.chowder.journal..")
          .because("messages between nodes must not share classes with permanently stored events");

  private static final ArchRule ONLY_TABLE_PACKAGES_USE_SQL =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.chowder.storage..", "dev.chowder.secret..", "dev.chowder.key..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.sql..", "javax.sql..", "org.jdbi..");

  private static final ArchRule ONLY_SETTINGS_READ_THE_CONFIGURATION =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.chowder.settings..")
          .and()
          .haveSimpleNameNotEndingWith("Settings")
          .and(
              DescribedPredicate.describe(
                  "are not created by Pekko, which passes its configuration",
                  c -> !c.isAssignableTo(SlickDatabaseProvider.class)))
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.typesafe.config..");

  private static final ArchRule EFFECTS_DO_NOT_KNOW_RECONCILIATION =
      noClasses()
          .that()
          .resideInAPackage("dev.chowder.effect..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.chowder.reconcile..");

  private static final ArchRule RECONCILIATION_DOES_NOT_KNOW_EFFECTS =
      noClasses()
          .that()
          .resideInAPackage("dev.chowder.reconcile..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.chowder.effect..", "dev.chowder.sleep..")
          .because("reconciliation backs up effects, and must not depend on how they work");

  private static final ArchRule PACKAGES_HAVE_NO_CYCLES =
      slices().matching("dev.(**)").should().beFreeOfCycles();

  private static final ArchRule EVERY_PACKAGE_IS_NULL_MARKED =
      classes().should(new InNullMarkedPackage());

  @Test
  void rulesKnowOnlyTheirAggregate() {
    RULES_KNOW_ONLY_THEIR_AGGREGATE.check(ACTORS);
  }

  @Test
  void rulesAndStatesUseNoClockAndNoRandomness() {
    RULES_HAVE_NO_CLOCK_AND_NO_RANDOMNESS.check(ACTORS);
  }

  @Test
  void onlyItsEngineKnowsDocker() {
    ONLY_ITS_ENGINE_KNOWS_DOCKER.check(ACTORS);
  }

  @Test
  void onlyTheSimulatorKnowsJetty() {
    ONLY_THE_SIMULATOR_KNOWS_JETTY.check(ACTORS);
  }

  @Test
  void onlyActorsKnowPekko() {
    ONLY_ACTORS_KNOW_PEKKO.check(ACTORS);
  }

  @Test
  void thisModuleDependsOnNoServer() {
    THIS_MODULE_HAS_NO_SERVER.check(ACTORS);
  }

  @Test
  void onlyTranslatorsKnowTheJournalFormat() {
    ONLY_TRANSLATORS_KNOW_THE_JOURNAL_FORMAT.check(ACTORS);
  }

  @Test
  void onlyTablePackagesUseSql() {
    ONLY_TABLE_PACKAGES_USE_SQL.check(ACTORS);
  }

  @Test
  void onlySettingsReadTheConfiguration() {
    ONLY_SETTINGS_READ_THE_CONFIGURATION.check(ACTORS);
  }

  @Test
  void effectsAndReconciliationAreApart() {
    EFFECTS_DO_NOT_KNOW_RECONCILIATION.check(ACTORS);
    RECONCILIATION_DOES_NOT_KNOW_EFFECTS.check(ACTORS);
  }

  @Test
  void packagesHaveNoCycles() {
    PACKAGES_HAVE_NO_CYCLES.check(ACTORS);
  }

  @Test
  void everyPackageIsNullMarked() {
    EVERY_PACKAGE_IS_NULL_MARKED.check(ACTORS);
  }

  @Test
  void eachRuleFailsOnTheCanary() {
    JavaClasses bad =
        new ClassFileImporter()
            .importClasses(CanaryLifecycle.class, CanaryEffect.class, CanaryComparison.class);
    for (ArchRule rule :
        List.of(
            RULES_KNOW_ONLY_THEIR_AGGREGATE,
            RULES_HAVE_NO_CLOCK_AND_NO_RANDOMNESS,
            ONLY_ITS_ENGINE_KNOWS_DOCKER,
            ONLY_THE_SIMULATOR_KNOWS_JETTY,
            ONLY_ACTORS_KNOW_PEKKO,
            THIS_MODULE_HAS_NO_SERVER,
            ONLY_TRANSLATORS_KNOW_THE_JOURNAL_FORMAT,
            ONLY_TABLE_PACKAGES_USE_SQL,
            ONLY_SETTINGS_READ_THE_CONFIGURATION,
            EFFECTS_DO_NOT_KNOW_RECONCILIATION,
            RECONCILIATION_DOES_NOT_KNOW_EFFECTS,
            EVERY_PACKAGE_IS_NULL_MARKED)) {
      assertThat(rule.evaluate(bad).hasViolation()).as(rule.getDescription()).isTrue();
    }
  }

  @Test
  void allPackagesOfTheModuleAreChecked() {
    assertThat(ACTORS.stream().map(JavaClass::getPackageName))
        .contains(
            "dev.chowder.instance",
            "dev.chowder.organization",
            "dev.chowder.effect",
            "dev.chowder.reconcile",
            "dev.chowder.base",
            "dev.chowder.openclaw",
            "dev.chowder.storage",
            "dev.chowder.sandbox.docker")
        .doesNotContain("dev.chowder.api.v1", "dev.chowder.journal.v1");
    assertThat(ACTORS.stream().filter(PURE).map(JavaClass::getSimpleName))
        .contains(
            "InstanceLifecycle",
            "ObservationTable",
            "ObservationRules",
            "OrganizationLifecycle",
            "OrganizationUpdate",
            "Active");
  }

  private static JavaClass outermost(JavaClass c) {
    return c.getEnclosingClass().map(ArchitectureTest::outermost).orElse(c);
  }

  private static boolean isClockOrRandomness(AccessTarget.MethodCallTarget target) {
    String name = target.getName();
    return (target.getOwner().isEquivalentTo(Instant.class) && name.equals("now"))
        || target.getOwner().isEquivalentTo(Clock.class)
        || target.getOwner().isEquivalentTo(InstantSource.class)
        || (target.getOwner().isEquivalentTo(UUID.class) && name.equals("randomUUID"))
        || (target.getOwner().isEquivalentTo(System.class)
            && Set.of("currentTimeMillis", "nanoTime", "getenv", "getProperty").contains(name))
        || (target.getOwner().isEquivalentTo(Math.class) && name.equals("random"))
        || target.getOwner().isAssignableTo(java.util.random.RandomGenerator.class);
  }

  private static final class KnowOnlyItsOwnPackage extends ArchCondition<JavaClass> {
    KnowOnlyItsOwnPackage() {
      super(
          "depend only on java.., org.jspecify.., org.pcollections.., ErrorText and their own"
              + " package");
    }

    @Override
    public void check(JavaClass item, ConditionEvents events) {
      item.getDirectDependenciesFromSelf().stream()
          .filter(
              dependency -> {
                var type = dependency.getTargetClass().getBaseComponentType();
                String target = type.getPackageName();
                return !target.equals(item.getPackageName())
                    && !target.matches("(java|org[.]jspecify|org[.]pcollections)([.].*)?")
                    && !type.isEquivalentTo(ErrorText.class)
                    && !type.isPrimitive();
              })
          .forEach(
              dependency ->
                  events.add(SimpleConditionEvent.violated(item, dependency.getDescription())));
    }
  }

  private static final class InNullMarkedPackage extends ArchCondition<JavaClass> {
    InNullMarkedPackage() {
      super("be in a package that is @NullMarked");
    }

    @Override
    public void check(JavaClass item, ConditionEvents events) {
      JavaPackage containing = item.getPackage();
      if (!containing.isAnnotatedWith(NullMarked.class)) {
        events.add(
            SimpleConditionEvent.violated(
                item, containing.getName() + " has no @NullMarked package-info"));
      }
    }
  }
}
