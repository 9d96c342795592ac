internal import CAttuneKernels

/// What losses over batches do element by element. Pointers need no alignment; `count` is in elements.
public enum LossKernels {
    /// y = |a − b|. `y` may be `a` or `b`.
    public static func absoluteDifferences(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        attune_absolute_differences_f32(a, b, y, count)
    }

    /// y = the sign of a − b: −1, 0 or 1; 0 where either is NaN. `y` may be `a` or `b`.
    public static func differenceSigns(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        attune_difference_signs_f32(a, b, y, count)
    }

    /// The first place of the largest value; NaN counts as the largest, so that it is not lost.
    public static func largest(_ x: UnsafePointer<Float>, count: Int) -> Int {
        precondition(count > 0, "no value is the largest of none")
        return attune_largest_f32(x, count)
    }

    /// The places of the values above a limit, ascending.
    public static func places(above limit: Float, in x: UnsafePointer<Float>, count: Int) -> [Int] {
        let places = [UInt32](unsafeUninitializedCapacity: max(count, 1)) { places, filled in
            filled = places.baseAddress.map { attune_places_above_f32(x, count, limit, $0) } ?? 0
        }
        return places.map(Int.init)
    }

    /// Hinges of one bound against the distances of everything with another label.
    ///
    /// Where `bound − distances[i]` is above 0 and `labels[i]` is not `label`, it is added to `sum` and 1 is taken from
    /// `weights[i]`.
    ///
    /// - Returns: how many there were.
    public static func hinges(
        bound: Float, distances: UnsafePointer<Float>, labels: UnsafePointer<Int32>, label: Int32, count: Int,
        weights: UnsafeMutablePointer<Float>, sum: inout Double
    ) -> Int {
        attune_hinges_f32(bound, distances, labels, label, count, weights, &sum)
    }
}
