using System.Text;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub.Hostile;

/// <summary>Answers by chance, from a seed: most that can go wrong with an answer, a little that can go right.</summary>
internal sealed class AnswerGenerator
{
    // Each costs the limit of a poll.
    private const int MostSilences = 1;

    private const int MostFloods = 3;

    private const int Flood = 40 << 20;

    private static readonly byte[] TlsAlert = [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46];

    private readonly Random _random;
    private readonly HttpBytes _http;
    private readonly OperationBytes _operations;
    private int _silences;
    private int _floods;

    /// <param name="seed">What all answers of a run come from.</param>
    /// <param name="subject">What is answered: its answers do not depend on how many others came before them.</param>
    public AnswerGenerator(int seed, string subject)
    {
        _random = new Random(unchecked(subject.Aggregate(seed, (hash, c) => (hash * 31) + c)));
        (_http, _operations) = (new HttpBytes(_random), new OperationBytes(_random, $"{seed}"));
    }

    /// <summary>How often something goes wrong: a few times in most cases, often in some.</summary>
    public int Faults() => _http.Chance(0.9) ? _random.Next(4) : _random.Next(4, 9);

    /// <summary>An answer to a poll.</summary>
    public HostileAnswer ToPoll() => _random.Next(100) switch
    {
        < 35 => WholePoll(),
        < 50 => CutPoll(),
        < 57 => Followed(),
        < 64 => Unreadable(),
        < 76 => OtherStatus(),
        < 84 => NotHttp(isPoll: true),
        < 85 => WithoutBody(isPoll: true),
        < 88 => Compressed(),
        < 90 when _floods++ < MostFloods => Flooded(),
        < 92 when _silences++ < MostSilences => Silent(),
        _ => WholePoll(),
    };

    /// <summary>An honest answer to a poll: with an operation, or nothing.</summary>
    public HostileAnswer ToPollHonestly((string Id, byte[] Operation)? queued) => queued is not { } its
        ? Sent("nothing", HttpBytes.Join(["HTTP/1.1 204 No Content"], []), AnswerEnd.Keep) with { IsGood = true }
        : Whole("honest", 200, [(byte)'[', .. its.Operation, (byte)']']) with { IsGood = true, Operations = [its.Id] };

    /// <summary>An answer to a report, or to the question for the hub's health.</summary>
    public HostileAnswer ToReport() => _random.Next(10) switch
    {
        < 3 => Taken(),
        < 7 => Refused(_http.Pick([300, 302, 304, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 418, 422, 426, 429, 431, 451, 499, 500, 501, 502, 503, 504, 511, 599])),
        < 9 => _http.Chance(0.9) ? NotHttp(isPoll: false) : WithoutBody(isPoll: false),
        _ => Taken("Accept-Encoding: gzip"),
    };

    /// <summary>An answer to a result.</summary>
    public HostileAnswer ToResult() => _random.Next(10) switch
    {
        < 5 => Taken(),
        < 8 => Refused(_http.Pick([201, 203, 205, 206, 301, 400, 401, 403, 404, 405, 408, 413, 422, 429, 500, 502, 503, 504, 599])),
        _ => _http.Chance(0.9) ? NotHttp(isPoll: false) : WithoutBody(isPoll: false),
    };

    /// <summary>An honest answer to anything but a poll.</summary>
    public HostileAnswer Taken(params string[] headers) =>
        Whole("taken", _http.Pick([200, 202]), _http.Chance(0.7) ? "{}"u8.ToArray() : Noise(2000), headers) with { IsGood = true };

    private HostileAnswer WholePoll()
    {
        var junk = _http.Chance(0.3) ? _random.Next(1, 4) : 0;
        var (body, operations) = _operations.Array(_random.Next(1, 4), junk);
        if (_http.Chance(0.2)) body = [.. "{\"more\":[1,{}],\"operations\":"u8, .. body, .. ",\"after\":null}"u8];
        if (_http.Chance(0.1)) body = [0xEF, 0xBB, 0xBF, .. body];
        return Whole("whole", _http.Pick([200, 202]), body) with { IsGood = true, Operations = [.. operations.Select(operation => operation.Id)] };
    }

    private HostileAnswer CutPoll()
    {
        var (body, operations) = _operations.Array(_random.Next(1, 5), 0);
        var at = _random.Next(0, body.Length);
        var isReset = _http.Chance(0.3);
        return Sent("cut off", _http.Cut(body, at), isReset ? AnswerEnd.Reset : AnswerEnd.Close) with
        {
            IsLoss = true,
            // What RST overtakes does not arrive.
            Operations = isReset ? [] : [.. operations.Where(operation => operation.End <= at).Select(operation => operation.Id)],
        };
    }

    private HostileAnswer Followed()
    {
        var (body, operations) = _operations.Array(_random.Next(1, 3), 0);
        byte[] more = _http.Pick<byte[]>([[.. "]"u8], [.. " ["u8, .. _operations.One("op-after"), .. "]"u8], [.. "{}"u8], [.. "x"u8], [.. "\0\0"u8], [.. "null"u8]]);
        return Whole("followed by something", 200, [.. body, .. more]) with { IsLoss = true, Operations = [.. operations.Select(operation => operation.Id)] };
    }

    private HostileAnswer Unreadable() => Whole("unreadable", 200, _http.Pick<byte[]>(
    [
        Noise(5000), [.. "<html><body>Sign in</body></html>"u8], [.. "true"u8], [.. "\"[]\""u8], [.. "{\"items\":[]}"u8], [.. "{\"operations\":7}"u8],
        [.. "nul"u8], [.. "[,]"u8], [.. "{"u8], [.. "[{\"id\":\"\xff\xfe\"}"u8], Encoding.Unicode.GetBytes("[]"),
    ])) with
    { IsLoss = true };

    private HostileAnswer OtherStatus()
    {
        var status = _http.Pick([201, 203, 205, 206, 226, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 410, 418, 429, 451, 500, 501, 502, 503, 504, 505, 507, 511, 599]);
        var isLoss = status switch { 501 or 505 or 511 => false, >= 500 => true, < 300 => true, _ => false };
        return Refused(status) with { IsLoss = isLoss };
    }

    private HostileAnswer Refused(int status)
    {
        string[] headers = status is >= 300 and < 400 ? [$"Location: {_http.Pick(["http://127.0.0.1:1/elsewhere", "/", "", "http://[::1", "ftp://x"])}"] : [];
        var body = status is 205 or 304 ? [] : _http.Pick<byte[]>([[], [.. "{\"error\":\"no\"}"u8], Noise(10_000), [.. "<html>no</html>"u8]]);
        return Whole($"{status}", status, body, headers);
    }

    private HostileAnswer NotHttp(bool isPoll) => Sent("not HTTP", _http.Pick<byte[]>(
    [
        [], [.. "\r\n"u8], [.. "HTTP/1.1"u8], [.. "HTTP/9.9 200 OK\r\n\r\n[]"u8], [.. "HTTP/1.1 20 OK\r\n\r\n[]"u8], [.. "HTTP/1.1 2000 OK\r\n\r\n"u8],
        [.. "ICY 200 OK\r\n\r\n[]"u8], TlsAlert, Noise(3000), [.. "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n[]"u8],
        [.. "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"u8],
        [.. "HTTP/1.1 200 OK\r\nX: "u8, .. Repeated('x', 100_000)],
        [.. Repeated(' ', 70_000)], [.. "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tea\r\n\r\n"u8],
    ]), _http.Chance(0.3) ? AnswerEnd.Reset : AnswerEnd.Close) with
    { IsLoss = isPoll };

    // The status is all that anything but a poll asks for.
    private HostileAnswer WithoutBody(bool isPoll) => Sent(
        "a body that cannot be read", [.. "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"u8], AnswerEnd.Close) with
    {
        IsLoss = isPoll,
        IsGood = !isPoll,
    };

    private HostileAnswer Compressed()
    {
        var (body, _) = _operations.Array(1, 0);
        var sent = _http.Chance(0.5) ? HttpBytes.Gzip(body) : Noise(500);
        return Whole("compressed, which nobody asked for", 200, sent, $"Content-Encoding: {_http.Pick(["gzip", "br", "deflate"])}") with { IsLoss = true };
    }

    private HostileAnswer Flooded()
    {
        var (body, operations) = _operations.Array(1, 0);
        byte[] start = [.. body[..^1], (byte)','];
        byte[] head = HttpBytes.Join(["HTTP/1.1 200 OK", $"Content-Length: {Flood + start.Length}"], start);
        return new HostileAnswer
        {
            What = "a flood",
            Pieces = [head, .. Enumerable.Repeat(Repeated(' ', 1 << 20), Flood >> 20)],
            IsLoss = true,
            Operations = [.. operations.Select(operation => operation.Id)],
        };
    }

    private HostileAnswer Silent()
    {
        var (body, operations) = _operations.Array(2, 0);
        var at = _random.Next(0, body.Length);
        var isBefore = _http.Chance(0.5);
        return Sent("silence", isBefore ? [] : _http.Cut(body, at), AnswerEnd.Silence) with
        {
            IsLoss = true,
            Operations = isBefore ? [] : [.. operations.Where(operation => operation.End <= at).Select(operation => operation.Id)],
        };
    }

    private HostileAnswer Whole(string what, int status, byte[] body, params string[] headers)
    {
        var (bytes, end) = _http.Whole(status, body, headers);
        return Sent(what, bytes, end);
    }

    private HostileAnswer Sent(string what, byte[] bytes, AnswerEnd end) => new()
    {
        What = what,
        Pieces = _http.Pieces(bytes),
        Pause = TimeSpan.FromMilliseconds(_random.Next(0, 20)),
        End = end,
    };

    private byte[] Noise(int most)
    {
        var noise = new byte[_random.Next(1, most)];
        _random.NextBytes(noise);
        noise[0] |= 0x80; // no JSON, no HTTP
        return noise;
    }

    private static byte[] Repeated(char c, int count) => Encoding.ASCII.GetBytes(new string(c, count));
}
