using Transactions.Simulation;

return SimulateCommand.Run(args);
