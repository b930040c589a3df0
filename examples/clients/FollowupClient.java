// A CRM that feeds followupd and makes its calls, with nothing but Java's own library (17 or later). followup-clients(7) explains it.
//
//     FEEDER_TOKEN=... AGENT_TOKEN=... java FollowupClient.java ADDRESS < rows
//
// ADDRESS is the unix socket or HOST:PORT. Each row is a command and its document: CLIENT.PUT {"client_ref":"C1","name":"..."}
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public final class FollowupClient {
    static final int BATCH = 100; // rows on their way at once
    static final long PATIENCE = 120_000; // ms for which BUSY, STORE and a lost connection are borne
    static final long PAUSE = 50, PAUSE_MOST = 2000;
    static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    /** An error answer; word is what programs go by. */
    @SuppressWarnings("serial")
    static final class Refused extends RuntimeException {
        final String word;

        Refused(String text) {
            super(text);
            word = text.split(" ", 2)[0];
        }

        boolean later() {
            return word.equals("BUSY") || word.equals("STORE");
        }
    }

    /** One identity's connection, made anew when it breaks. Only what may be sent twice is sent through it. */
    static final class Desk {
        private final String address, name, token;
        private SocketChannel channel;
        private DataInputStream in;

        Desk(String address, String name, String token) {
            this.address = address;
            this.name = name;
            this.token = token;
        }

        private void connect() throws IOException {
            int colon = address.lastIndexOf(':');
            SocketAddress place = colon < 0 || address.contains("/")
                ? UnixDomainSocketAddress.of(address)
                : new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
            channel = SocketChannel.open(place);
            in = new DataInputStream(new java.io.BufferedInputStream(Channels.newInputStream(channel)));
            send(List.of(new String[][] {{"AUTH", name, token}}));
            if (read() instanceof Refused refused) {
                close();
                throw refused;
            }
        }

        void close() {
            try {
                if (channel != null)
                    channel.close();
            } catch (IOException ignored) {
                // it is gone either way
            }
            channel = null;
        }

        private void send(List<String[]> commands) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (String[] words : commands) {
                bytes.write(("*" + words.length + "\r\n").getBytes(StandardCharsets.UTF_8));
                for (String word : words) {
                    byte[] data = word.getBytes(StandardCharsets.UTF_8);
                    bytes.write(("$" + data.length + "\r\n").getBytes(StandardCharsets.UTF_8));
                    bytes.write(data);
                    bytes.write("\r\n".getBytes(StandardCharsets.UTF_8));
                }
            }
            ByteBuffer buffer = ByteBuffer.wrap(bytes.toByteArray());
            while (buffer.hasRemaining())
                channel.write(buffer);
        }

        private String line() throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int one = in.read(); one != '\n'; one = in.read()) {
                if (one < 0)
                    throw new EOFException("the connection broke");
                if (one != '\r')
                    bytes.write(one);
            }
            return bytes.toString(StandardCharsets.UTF_8);
        }

        /** One answer: text, a number, a list, null; a Refused is returned, not thrown. */
        private Object read() throws IOException {
            String line = line(), rest = line.substring(1);
            switch (line.charAt(0)) {
            case '+':
                return rest;
            case '-':
                return new Refused(rest);
            case ':':
                return Long.valueOf(rest);
            case '$':
                if (rest.equals("-1"))
                    return null;
                byte[] data = new byte[Integer.parseInt(rest) + 2];
                in.readFully(data);
                return new String(data, 0, data.length - 2, StandardCharsets.UTF_8);
            default:
                List<Object> list = new ArrayList<>();
                for (int i = 0; i < Integer.parseInt(rest); i++)
                    list.add(read());
                return rest.equals("-1") ? null : list;
            }
        }

        /**
         * Sends commands at once and hands each answer to take, in order. From the first BUSY or STORE on they are sent again, all of them, so that two rows of one client keep
         * their order; so they are from the first unanswered one when the connection breaks.
         */
        void askAll(List<String[]> commands, BiConsumer<String[], Object> take) throws IOException, InterruptedException {
            int done = 0;
            long pause = PAUSE, until = System.currentTimeMillis() + PATIENCE;
            while (done < commands.size()) {
                IOException why = new IOException("the daemon was busy for too long");
                try {
                    if (channel == null)
                        connect();
                    List<String[]> sent = commands.subList(done, commands.size());
                    send(sent);
                    boolean later = false;
                    for (String[] words : sent) {
                        Object answer = read();
                        later = later || (answer instanceof Refused refused && refused.later());
                        if (later)
                            continue;
                        take.accept(words, answer);
                        done++;
                        pause = PAUSE;
                        until = System.currentTimeMillis() + PATIENCE;
                    }
                } catch (IOException error) {
                    close();
                    why = error;
                } catch (Refused error) { // of AUTH, or one that take does not bear
                    if (!error.later())
                        throw error;
                }
                if (done < commands.size()) {
                    if (System.currentTimeMillis() > until)
                        throw why;
                    Thread.sleep(pause);
                    pause = Math.min(pause * 2, PAUSE_MOST);
                }
            }
        }

        String ask(String... words) throws IOException, InterruptedException {
            Object[] found = new Object[1];
            askAll(List.<String[]>of(words), (command, answer) -> found[0] = answer);
            if (found[0] instanceof Refused refused)
                throw refused;
            return (String) found[0];
        }
    }

    /**
     * A member's value, where it is a number or a plain word: enough here, and safe, because a quote inside a text is always behind a backslash. A real CRM has a JSON library.
     */
    static String member(String document, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\"?([^\",}\\]]*)").matcher(document);
        return found.find() ? found.group(1) : "";
    }

    static void feed(Desk desk, List<String[]> rows) throws IOException, InterruptedException {
        int[] counts = new int[2];
        for (int start = 0; start < rows.size(); start += BATCH) {
            desk.askAll(rows.subList(start, Math.min(start + BATCH, rows.size())), (words, answer) -> {
                if (!(answer instanceof Refused refused)) {
                    counts[0]++; // 1: something is new, 0: it was known; both are well
                    return;
                }
                if (refused.word.equals("NOAUTH") || refused.word.equals("NOPERM"))
                    throw refused;
                counts[1]++;
                OUT.println("refused: " + words[1] + ": " + refused.getMessage());
            });
        }
        OUT.println("fed: " + counts[0] + " taken, " + counts[1] + " refused");
    }

    static void work(Desk desk) throws IOException, InterruptedException {
        while (true) {
            String call;
            try {
                call = desk.ask("NEXT"); // NEXT WAIT 30 waits for a call
            } catch (Refused error) {
                if (!error.word.equals("CLOSED"))
                    throw error;
                OUT.println("closed: " + error.getMessage());
                return;
            }
            if (call == null) {
                OUT.println("nothing waits");
                return;
            }
            OUT.println("call " + member(call, "call") + ": " + member(call, "client_ref") + " " + member(call, "rule"));
            // ... here somebody talks; TOUCH keeps the lease meanwhile ...
            String outcome = "{\"note\":\"welcomed\"}"; // the same bytes when it is sent again
            try {
                String done = desk.ask("DONE", member(call, "lease"), "reached", outcome);
                Matcher closed = Pattern.compile("\"closed\":\\[([^\\]]*)\\]").matcher(done);
                int count = closed.find() && !closed.group(1).isEmpty() ? closed.group(1).split(",").length : 0;
                OUT.println("done " + member(done, "call") + ": closed " + count);
            } catch (Refused error) {
                if (!error.word.equals("NOLEASE"))
                    throw error;
                OUT.println("lost " + member(call, "call") + ": " + error.getMessage()); // another has it now: go on
            }
        }
    }

    static String setting(String name, String standard) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? standard : value;
    }

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length != 1) {
            System.err.println("usage: FollowupClient ADDRESS < rows");
            System.exit(2);
        }
        try {
            List<String[]> rows = new ArrayList<>();
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = lines.readLine(); line != null; line = lines.readLine())
                if (line.indexOf(' ') > 0)
                    rows.add(line.split(" ", 2));
            feed(new Desk(arguments[0], setting("FEEDER", "crm-feed"), setting("FEEDER_TOKEN", "")), rows);
            work(new Desk(arguments[0], setting("AGENT", "crm-agent"), setting("AGENT_TOKEN", "")));
        } catch (IOException | Refused error) {
            System.err.println("followup_client: " + error.getMessage());
            System.exit(1);
        }
    }
}
