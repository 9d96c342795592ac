/// How far computed numbers may be from expected ones.
public struct Tolerance: Sendable {
    /// The largest difference that does not depend on the size of the numbers.
    public let absolute: Double

    /// The largest difference as a part of the larger number.
    public let relative: Double

    /// A tolerance of either kind, or of both added up.
    public init(absolute: Double = 0, relative: Double = 0) {
        (self.absolute, self.relative) = (absolute, relative)
    }

    /// Whether two numbers are the same within the tolerance; NaN is close to nothing.
    public func accepts(_ found: Double, _ expected: Double) -> Bool {
        if found == expected { return true }
        return abs(found - expected) <= absolute + relative * max(abs(found), abs(expected))
    }
}

/// The first place where two sequences differ by more than the tolerance, in words; nil where there is none.
///
///     #expect(difference(found, expected, within: Tolerance(absolute: 1e-6)) == nil)
public func difference<F: BinaryFloatingPoint, G: BinaryFloatingPoint>(
    _ found: [F], _ expected: [G], within tolerance: Tolerance
) -> String? {
    guard found.count == expected.count else { return "\(found.count) numbers found, \(expected.count) expected" }
    for index in found.indices {
        let (one, other) = (Double(found[index]), Double(expected[index]))
        if !tolerance.accepts(one, other) { return "at \(index): \(one) found, \(other) expected" }
    }
    return nil
}

/// The largest absolute difference of two sequences; NaN where either holds one, infinity where their lengths differ.
public func largestDifference<F: BinaryFloatingPoint, G: BinaryFloatingPoint>(_ a: [F], _ b: [G]) -> Double {
    guard a.count == b.count else { return .infinity }
    var largest = 0.0
    for index in a.indices {
        let difference = abs(Double(a[index]) - Double(b[index]))
        guard !difference.isNaN else { return .nan }
        largest = max(largest, difference)
    }
    return largest
}
