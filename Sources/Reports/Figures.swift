#if canImport(Glibc)
    internal import Glibc
#endif

/// Numbers as a reader wants them.
public enum Figures {
    /// A number with so many digits behind the point; a dash for what is no number.
    public static func fixed(_ value: Double, _ digits: Int) -> String {
        precondition((0...15).contains(digits), "\(digits) digits behind the point")
        guard value.isFinite else { return value.isNaN ? "–" : value < 0 ? "−∞" : "∞" }
        let scale = pow(10, Double(digits))
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 1e15 else { return scientific(value) }
        let units = Int(scaled)
        let sign = value < 0 && units > 0 ? "−" : ""
        let whole = sign + grouped(units / Int(scale))
        guard digits > 0 else { return whole }
        let fraction = String(units % Int(scale))
        return "\(whole).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }

    /// A number with its sign in front, also where it is positive.
    public static func signed(_ value: Double, _ digits: Int) -> String {
        let text = fixed(value, digits)
        return value > 0 && text.contains { ("1"..."9").contains($0) } ? "+" + text : text
    }

    /// A whole number with a comma after every three digits.
    public static func grouped(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "−" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// About three significant digits, whatever the size.
    public static func short(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return fixed(value, 0) }
        let magnitude = Int(log10(abs(value)).rounded(.down))
        guard (-4...8).contains(magnitude) else { return scientific(value) }
        return fixed(value, max(0, min(2 - magnitude, 6)))
    }

    /// A share of a whole, as per cent: `12.5 %`.
    public static func percent(_ share: Double, _ digits: Int = 1) -> String {
        share.isFinite ? "\(fixed(share * 100, digits))\u{A0}%" : "–"
    }

    /// A stretch of time: `0.8 s`, `42 s`, `3 min 05 s`, `2 h 10 min`.
    public static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
        if seconds < 9.95 { return "\(fixed(seconds, 1))\u{A0}s" }
        let whole = Int(seconds.rounded())
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if whole < 60 { return "\(whole)\u{A0}s" }
        if whole < 3600 { return "\(whole / 60)\u{A0}min \(two(whole % 60))\u{A0}s" }
        return "\(grouped(whole / 3600))\u{A0}h \(two(whole % 3600 / 60))\u{A0}min"
    }

    /// A number of bytes in the unit that leaves one to four digits in front of the point.
    public static func bytes(_ count: Int) -> String {
        count < 10_000_000 ? "\(grouped(count / 1000))\u{A0}kB" : "\(grouped(count / 1_000_000))\u{A0}MB"
    }

    /// Two digits and a power of ten: `2.5·10⁻⁶`.
    static func scientific(_ value: Double) -> String {
        guard value != 0 else { return "0" }
        var exponent = Int(log10(abs(value)).rounded(.down))
        // 10 to less than -308 is no number to divide by: half the power is taken at a time.
        var mantissa = value / pow(10, Double(exponent / 2)) / pow(10, Double(exponent - exponent / 2))
        if (abs(mantissa) * 10).rounded() >= 100 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        let text = fixed(mantissa, 1)
        let superscripts = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        let power = String(exponent).map { $0 == "-" ? "⁻" : superscripts[$0.wholeNumberValue ?? 0] }
        return "\(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)·10\(String(power))"
    }
}
