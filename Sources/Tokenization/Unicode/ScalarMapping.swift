/// A mapping from scalars to short sequences of scalars.
struct ScalarMapping: Sendable {
    /// One more than the number of the sequence; 0 where there is none.
    private var numbers = ScalarTrie()
    private var starts: [Int] = [0]
    private var scalars: [UInt32] = []

    /// The sequence of a scalar; empty where there is none.
    @inline(__always)
    subscript(scalar: UInt32) -> ArraySlice<UInt32> {
        let number = Int(numbers[scalar])
        return number == 0 ? [] : scalars[starts[number - 1]..<starts[number]]
    }

    mutating func append(_ sequence: some Sequence<UInt32>, for scalar: UInt32) {
        scalars.append(contentsOf: sequence)
        starts.append(scalars.count)
        numbers.fill(Int(scalar)..<Int(scalar) + 1, with: UInt16(starts.count - 1))
    }
}
