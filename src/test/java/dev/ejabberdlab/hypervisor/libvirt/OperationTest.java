package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.libvirt.Operation.CommandAgent;
import dev.ejabberdlab.hypervisor.libvirt.Operation.ListVolumes;
import dev.ejabberdlab.hypervisor.libvirt.Operation.LookUp;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnHost;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnObject;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnVolume;
import dev.ejabberdlab.hypervisor.libvirt.Operation.Verb;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OperationTest {

  private static final UUID ID = UUID.fromString("00000000-0000-4000-8000-000000000001");

  static Stream<Arguments> words() {
    return Stream.of(
        Arguments.of(new OnHost("list the domains"), "list the domains"),
        Arguments.of(new OnObject(Verb.SHUT_DOWN, ObjectKind.DOMAIN, "d"), "shut down domain 'd'"),
        Arguments.of(new OnObject(Verb.START, ObjectKind.NETWORK, "n"), "start network 'n'"),
        Arguments.of(new OnObject(Verb.LOOK_UP, ObjectKind.POOL, "p"), "look up storage pool 'p'"),
        Arguments.of(new LookUp(ObjectKind.DOMAIN, ID), "look up domain " + ID),
        Arguments.of(new OnVolume(Verb.LOOK_UP, "p", "v"), "look up volume 'v' of pool 'p'"),
        Arguments.of(new OnVolume(Verb.CREATE, "p", "v"), "create volume 'v' in pool 'p'"),
        Arguments.of(new ListVolumes("p"), "list the volumes of pool 'p'"),
        Arguments.of(new CommandAgent(ID), "send a command to the agent of domain " + ID));
  }

  @ParameterizedTest
  @MethodSource("words")
  void messagesSayWhatWasToBeDone(Operation operation, String words) {
    assertThat(operation.words()).isEqualTo(words);
  }
}
