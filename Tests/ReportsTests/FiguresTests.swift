import Testing

@testable import Reports

@Suite("Figures")
struct FiguresTests {
    @Test(
        "writes numbers with fixed digits",
        arguments: [
            (0.41649, 4, "0.4165"), (-0.00001, 3, "0.000"), (-1.5, 1, "−1.5"), (1234.5, 0, "1,235"),
            (1_234_567.891, 2, "1,234,567.89"), (0.999_96, 4, "1.0000"), (.nan, 2, "–"), (-.infinity, 2, "−∞"),
            (1e300, 2, "1·10³⁰⁰"),
        ])
    func fixed(value: Double, digits: Int, text: String) {
        #expect(Figures.fixed(value, digits) == text)
    }

    @Test(
        "puts a sign in front of what is not zero",
        arguments: [(0.0312, "+0.031"), (-0.2, "−0.200"), (0.0001, "0.000")])
    func signed(value: Double, text: String) {
        #expect(Figures.signed(value, 3) == text)
    }

    @Test(
        "keeps three digits whatever the size",
        arguments: [
            (123456.0, "123,456"), (12.345, "12.3"), (0.001234, "0.00123"), (1.5e-7, "1.5·10⁻⁷"), (-2e12, "−2·10¹²"),
            (0.0, "0"), (9.99e-9, "1·10⁻⁸"), (.leastNonzeroMagnitude, "4.9·10⁻³²⁴"),
        ])
    func short(value: Double, text: String) {
        #expect(Figures.short(value) == text)
    }

    @Test(
        "says how long something took",
        arguments: [
            (0.84, "0.8\u{A0}s"), (9.99, "10\u{A0}s"), (59.7, "1\u{A0}min 00\u{A0}s"), (185, "3\u{A0}min 05\u{A0}s"),
            (7800, "2\u{A0}h 10\u{A0}min"), (-1, "–"), (.nan, "–"),
        ])
    func duration(seconds: Double, text: String) {
        #expect(Figures.duration(seconds) == text)
    }

    @Test(
        "groups digits by three",
        arguments: [(0, "0"), (999, "999"), (-1000, "−1,000"), (Int.min, "−9,223,372,036,854,775,808")])
    func grouped(value: Int, text: String) {
        #expect(Figures.grouped(value) == text)
    }

    @Test("writes shares and sizes")
    func units() {
        #expect(Figures.percent(0.1234) == "12.3\u{A0}%")
        #expect(Figures.percent(.nan) == "–")
        #expect(Figures.bytes(1_500_000) == "1,500\u{A0}kB")
        #expect(Figures.bytes(412_345_678) == "412\u{A0}MB")
    }
}
