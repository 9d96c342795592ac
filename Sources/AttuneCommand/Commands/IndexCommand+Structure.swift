public import ArgumentParser
public import Attune

extension IndexStructure: ExpressibleByArgument {}
