internal import VectorMath

/// The results of `transform` for 0..<count, in order, computed in parallel.
func parallelMap<Result>(_ count: Int, grain: Int, _ transform: (Int) -> Result) -> [Result] {
    [Result](unsafeUninitializedCapacity: count) { buffer, initialized in
        let base = buffer.baseAddress
        parallelFor(count, grain: grain) { range in
            for i in range { (base! + i).initialize(to: transform(i)) }
        }
        initialized = count
    }
}
