package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.libvirt.Error.ErrorNumber;

class LibvirtErrorsTest {

  private static final Operation DO_IT = new Operation.OnHost("do it");

  private static Class<?> kind(String name) {
    return switch (name) {
      case "missing" -> NotFound.class;
      case "conflict" -> NameConflict.class;
      case "unreachable" -> Unreachable.class;
      case "agent" -> AgentUnavailable.class;
      case "refused" -> HypervisorException.class;
      default -> throw new IllegalArgumentException(name);
    };
  }

  @ParameterizedTest
  @CsvSource({
    "VIR_ERR_NO_DOMAIN, missing, missing",
    "VIR_ERR_NO_NETWORK, missing, missing",
    "VIR_ERR_NO_STORAGE_POOL, missing, missing",
    "VIR_ERR_NO_STORAGE_VOL, missing, missing",
    "VIR_ERR_DOM_EXIST, conflict, conflict",
    "VIR_ERR_NETWORK_EXIST, conflict, conflict",
    "VIR_ERR_RPC, unreachable, unreachable",
    "VIR_ERR_NO_CONNECT, unreachable, unreachable",
    "VIR_ERR_INVALID_CONN, unreachable, unreachable",
    "VIR_ERR_AUTH_FAILED, unreachable, unreachable",
    "VIR_ERR_GNUTLS_ERROR, unreachable, unreachable",
    "VIR_ERR_AGENT_UNRESPONSIVE, refused, agent",
    "VIR_ERR_AGENT_UNSYNCED, refused, agent",
    "VIR_ERR_OPERATION_INVALID, refused, agent",
    "VIR_ERR_OPERATION_TIMEOUT, refused, agent",
    "VIR_ERR_ARGUMENT_UNSUPPORTED, refused, agent",
    "VIR_ERR_INTERNAL_ERROR, refused, agent",
    "VIR_ERR_NO_SUPPORT, refused, agent",
    "VIR_ERR_XML_ERROR, refused, refused",
    "VIR_ERR_OPERATION_FAILED, refused, refused",
    "VIR_ERR_SYSTEM_ERROR, refused, refused",
    "VIR_ERR_ACCESS_DENIED, refused, refused"
  })
  void everyCodeHasItsKind(ErrorNumber code, String call, String agentCommand) {
    Exception cause = new Exception();

    assertThat(LibvirtErrors.translate(DO_IT, "qemu:///system", code, "because", cause))
        .isExactlyInstanceOf(kind(call));
    assertThat(LibvirtErrors.translateAgent(DO_IT, "qemu:///system", code, "because", cause))
        .isExactlyInstanceOf(kind(agentCommand));
  }

  @Test
  void theMessageIsOneSentence() {
    assertThat(
            LibvirtErrors.translate(
                new Operation.OnObject(Operation.Verb.DEFINE, ObjectKind.NETWORK, "n"),
                "qemu:///system",
                ErrorNumber.VIR_ERR_XML_ERROR,
                "XML error: bad bridge",
                null))
        .hasMessage("cannot define network 'n' on qemu:///system: XML error: bad bridge");
  }
}
