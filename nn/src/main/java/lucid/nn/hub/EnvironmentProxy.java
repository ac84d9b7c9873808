package lucid.nn.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name (lower case first, as curl and Python read them). Java itself knows
/// only its own properties (`-Dhttps.proxyHost`), which hold where the environment names none.
final class EnvironmentProxy extends ProxySelector {
    private final Map<String, String> environment;
    private final ProxySelector other;

    EnvironmentProxy(Map<String, String> environment, ProxySelector other) {
        this.environment = environment;
        this.other = other;
    }

    @Override public List<Proxy> select(URI address) {
        String named = value(address.getScheme() + "_proxy");
        if (named == null) named = value("all_proxy");
        if (named == null) return other == null ? List.of(Proxy.NO_PROXY) : other.select(address);
        if (isExempt(address.getHost().toLowerCase(Locale.ROOT))) return List.of(Proxy.NO_PROXY);
        URI proxy;
        try {
            proxy = URI.create(named.contains("://") ? named : "http://" + named);
        } catch (IllegalArgumentException e) {
            throw new HubException(address.getScheme().toUpperCase(Locale.ROOT) + "_PROXY: found \"" + named
                    + "\", wanted an address such as http://proxy:3128", e);
        }
        if (!"http".equals(proxy.getScheme()) || proxy.getHost() == null || proxy.getUserInfo() != null) {
            throw new HubException(address.getScheme().toUpperCase(Locale.ROOT)
                    + "_PROXY: found an address of another kind, wanted http://HOST:PORT without a password");
        }
        return List.of(new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(), proxy.getPort() < 0 ? 80 : proxy.getPort())));
    }

    private String value(String name) {
        String lower = environment.get(name);
        String value = lower != null && !lower.isEmpty() ? lower : environment.get(name.toUpperCase(Locale.ROOT));
        return value == null || value.isEmpty() ? null : value;
    }

    // Names mean themselves and all below them; `*` means all.
    private boolean isExempt(String host) {
        String list = value("no_proxy");
        return list != null && Arrays.stream(list.toLowerCase(Locale.ROOT).split(","))
                .map(n -> n.strip().replaceFirst("^\\.", "").replaceFirst(":\\d+$", ""))
                .anyMatch(n -> n.equals("*") || !n.isEmpty() && (host.equals(n) || host.endsWith("." + n)));
    }

    @Override public void connectFailed(URI address, SocketAddress proxy, IOException e) {
        // Told as the request's own failure.
    }
}
